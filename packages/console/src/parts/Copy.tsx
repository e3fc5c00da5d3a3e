/** Copies a text. Where a page may not (plain http from another machine), it shows the text to be copied by hand. */
import { useState } from "react"
import { Dialog } from "./Dialog.tsx"

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
