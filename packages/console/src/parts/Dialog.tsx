/** A dialog of the platform: Escape closes it, the focus stays in it and returns to where it was. */
import { type ReactNode, useEffect, useId, useRef } from "react"

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
