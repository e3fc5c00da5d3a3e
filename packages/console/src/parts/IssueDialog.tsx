/** A change whose answer shows a secret, once: it stays until somebody closes it, and is nowhere else afterwards. */
import { type ReactNode, useState } from "react"
import type { Question } from "../backend/backend.ts"
import { useAct } from "../backend/useAct.ts"
import { Copy } from "./Copy.tsx"
import { Dialog } from "./Dialog.tsx"
import { TroubleNote } from "./TroubleNote.tsx"

interface IssueDialogProps {
  readonly title: string
  readonly lead?: ReactNode
  readonly children?: ReactNode
  readonly label: string
  readonly ready: boolean
  /** Null: it was made already under the same key, and is not shown again. */
  readonly question: Question<string | null>
  readonly close: () => void
  /** Called when it is closed after a change. */
  readonly changed: () => void
}

export const IssueDialog = ({ changed, children, close, label, lead, question, ready, title }: IssueDialogProps) => {
  const { act, busy, trouble } = useAct()
  const [secret, setSecret] = useState<string | null>(null)
  if (secret !== null)
    return (
      <Dialog title={title} close={changed}>
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
      </Dialog>
    )
  return (
    <Dialog title={title} close={close}>
      {lead}
      {trouble === null ? null : <TroubleNote trouble={trouble} />}
      {children}
      <div className="actions">
        <button
          type="button"
          className="main"
          disabled={busy || !ready}
          onClick={() => act(question, (made) => (made === null ? changed() : setSecret(made)))}
        >
          {label}
        </button>
        <button type="button" onClick={close}>
          Leave it
        </button>
      </div>
    </Dialog>
  )
}
