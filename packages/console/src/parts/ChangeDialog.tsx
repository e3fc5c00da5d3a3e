/** A change that wants to know something before it is sent: the button that asks for it, and the dialog in which it is asked. */
import { type ReactNode, useState } from "react"
import type { Question } from "../backend/backend.ts"
import type { Trouble } from "../backend/trouble.ts"
import { useAct } from "../backend/useAct.ts"
import { announce } from "./Announcer.tsx"
import { Dialog } from "./Dialog.tsx"
import { TroubleNote } from "./TroubleNote.tsx"
import { useMay } from "./useMay.ts"

/** What a dialog is given by its button. */
export interface DialogOf {
  readonly close: () => void
  /** Called when it was done; closes it too. */
  readonly changed: () => void
}

interface DialogButtonProps {
  readonly label: string
  readonly scope: string
  /** Why it cannot be done now; null when it can. */
  readonly why: string | null
  /** Called after a change. */
  readonly changed: () => void
  /** The dialog, for as long as it is open. The second closes it and says that something was changed. */
  readonly children: (close: () => void, changed: () => void) => ReactNode
}

export const DialogButton = ({ changed, children, label, scope, why }: DialogButtonProps) => {
  const [open, setOpen] = useState(false)
  const not = useMay(scope) ? why : `Needs the permission ${scope}`
  const close = () => setOpen(false)
  const done = () => {
    close()
    changed()
  }
  return (
    <>
      <button type="button" disabled={not !== null} title={not ?? ""} onClick={() => setOpen(true)}>
        {label}…
      </button>
      {open ? children(close, done) : null}
    </>
  )
}

interface ChangeDialogProps extends DialogOf {
  readonly title: string
  /** What is said first. */
  readonly lead?: ReactNode
  /** The fields. */
  readonly children: ReactNode
  /** What the button that sends it says. */
  readonly label: string
  readonly danger?: true
  /** Whether the fields are such that it can be sent. */
  readonly ready: boolean
  readonly question: Question<unknown>
  readonly done: string
  /** Stands below the fields when it was refused; left out, the trouble is told above them. */
  readonly renderTrouble?: (trouble: Trouble) => ReactNode
}

export const ChangeDialog = (change: ChangeDialogProps) => {
  const { act, busy, trouble } = useAct()
  const { close, renderTrouble } = change
  const send = () =>
    act(change.question, () => {
      announce(change.done)
      change.changed()
    })
  return (
    <Dialog title={change.title} close={close}>
      {change.lead}
      {trouble === null || renderTrouble !== undefined ? null : <TroubleNote trouble={trouble} />}
      {change.children}
      {trouble === null || renderTrouble === undefined ? null : renderTrouble(trouble)}
      <div className="actions">
        <button
          type="button"
          className={change.danger === true ? "danger" : "main"}
          disabled={busy || !change.ready}
          onClick={send}
        >
          {change.label}
        </button>
        <button type="button" onClick={close}>
          Leave it
        </button>
      </div>
    </Dialog>
  )
}
