/**
 * Dialogs of the platform: Escape closes them and the focus goes back. One for a change that wants to know something before it is sent, one for a
 * change whose answer shows something once, and a text to copy where a page may not copy it.
 */
import { type ReactNode, useEffect, useId, useRef, useState } from "react"
import { useAct } from "../backend/asking.ts"
import type { Question } from "../backend/backend.ts"
import { useMay } from "../backend/session.ts"
import type { Trouble } from "../backend/trouble.ts"
import { announce } from "./Announcer.tsx"
import { TroubleNote } from "./TroubleNote.tsx"

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

/** A dialog of the platform: Escape closes it, the focus stays in it and returns to where it was. */
interface DialogProps {
  readonly title: string
  readonly close: () => void
  readonly children: ReactNode
}

export const Dialog = ({ children, close, title }: DialogProps) => {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    const before = document.activeElement
    const shown = dialog.current
    if (shown !== null && !shown.open) {
      shown.showModal()
      // Whoever opens a form begins with its first field.
      shown.querySelector<HTMLElement>("input, select, textarea")?.focus()
    }
    return () => {
      if (before instanceof HTMLElement) before.focus()
      // What opened it may be gone, or not be offered any more.
      if (document.activeElement === document.body) document.getElementById("main")?.focus({ preventScroll: true })
    }
  }, [])
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={close}>
      <header>
        <h2 id={id}>{title}</h2>
        <button type="button" className="quiet" aria-label="Close" onClick={close}>
          ✕
        </button>
      </header>
      {children}
    </dialog>
  )
}

/** What stands in a dialog that sends something: its fields, what was refused, and the two ways out. */
export interface SendingProps<A> {
  /** What is said first. */
  readonly lead?: ReactNode
  /** The fields. */
  readonly children: ReactNode
  /** What the button that sends it says. */
  readonly label: string
  readonly danger?: true
  /** Whether the fields are such that it can be sent. */
  readonly ready: boolean
  readonly question: Question<A>
  readonly answered: (answer: A) => void
  /** Stands below the fields when it was refused; left out, the trouble is told above them. */
  readonly renderTrouble?: (trouble: Trouble) => ReactNode
  readonly close: () => void
}

export const Sending = <A,>(sent: SendingProps<A>) => {
  const { act, busy, trouble } = useAct()
  const { close, renderTrouble } = sent
  return (
    <>
      {sent.lead}
      {trouble === null || renderTrouble !== undefined ? null : <TroubleNote trouble={trouble} />}
      {sent.children}
      {trouble === null || renderTrouble === undefined ? null : renderTrouble(trouble)}
      <div className="actions">
        <button
          type="button"
          className={sent.danger === true ? "danger" : "main"}
          disabled={busy || !sent.ready}
          onClick={() => act(sent.question, sent.answered)}
        >
          {sent.label}
        </button>
        <button type="button" onClick={close}>
          Leave it
        </button>
      </div>
    </>
  )
}

/** A change whose answer shows a secret, once: it stays until somebody closes it, and is nowhere else afterwards. */
interface IssueDialogProps extends DialogOf, Omit<SendingProps<string | null>, "answered" | "close"> {
  readonly title: string
}

/** An answer of null: it was made already under the same key, and is not shown again. */
export const IssueDialog = ({ changed, title, ...sent }: IssueDialogProps) => {
  const [secret, setSecret] = useState<string | null>(null)
  return (
    <Dialog title={title} close={secret === null ? sent.close : changed}>
      {secret === null ? (
        <Sending {...sent} answered={(made) => (made === null ? changed() : setSecret(made))} />
      ) : (
        <>
          <p>This is shown once. Whoever loses it makes another.</p>
          <label>
            The secret
            <textarea readOnly rows={3} value={secret} onFocus={(event) => event.target.select()} />
          </label>
          <div className="actions">
            <Copy label="Copy it" text={() => secret} />
            <button type="button" className="main" onClick={changed}>
              It is kept
            </button>
          </div>
        </>
      )}
    </Dialog>
  )
}

/** Copies a text. Where a page may not (plain http from another machine), it shows the text to be copied by hand. */
export const Copy = ({ label, text }: { readonly label: string; readonly text: () => string }) => {
  const [state, setState] = useState<"" | "copied" | "by hand">("")
  const copy = () => {
    // Its type says that it is always there.
    const clipboard = navigator.clipboard as Clipboard | undefined
    if (clipboard === undefined) return setState("by hand")
    clipboard.writeText(text()).then(
      () => setState("copied"),
      () => setState("by hand")
    )
  }
  return (
    <>
      <button type="button" className="quiet" onClick={copy}>
        {state === "copied" ? `${label}: copied` : label}
      </button>
      {state === "by hand" ? (
        <Dialog title={label} close={() => setState("")}>
          <label>
            Copy this
            <textarea readOnly rows={8} value={text()} onFocus={(event) => event.target.select()} />
          </label>
        </Dialog>
      ) : null}
    </>
  )
}
