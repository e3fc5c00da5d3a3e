/** A change whose answer shows a secret, once: it stays until somebody closes it, and is nowhere else afterwards. */
import { useState } from "react"
import type { DialogOf } from "./ChangeDialog.tsx"
import { Copy } from "./Copy.tsx"
import { Dialog } from "./Dialog.tsx"
import { Sending, type SendingProps } from "./Sending.tsx"

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
