/** A change that wants to know something before it is sent: the button that asks for it, and the dialog in which it is asked. */
import { type ReactNode, useState } from "react"
import { announce } from "./Announcer.tsx"
import { Dialog } from "./Dialog.tsx"
import { Sending, type SendingProps } from "./Sending.tsx"
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

interface ChangeDialogProps extends DialogOf, Omit<SendingProps<unknown>, "answered" | "close"> {
  readonly title: string
  readonly done: string
}

export const ChangeDialog = ({ changed, done, title, ...sent }: ChangeDialogProps) => (
  <Dialog title={title} close={sent.close}>
    <Sending
      {...sent}
      answered={() => {
        announce(done)
        changed()
      }}
    />
  </Dialog>
)
