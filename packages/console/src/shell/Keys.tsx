/** What the keyboard does, shown with `?`; `/` goes to the first filter. */
import { useEffect, useState } from "react"
import { Dialog } from "../parts/Dialog.tsx"
import { Facts } from "../parts/Facts.tsx"

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest("input, textarea, select, dialog") !== null

export const Keys = () => {
  const [shown, setShown] = useState(false)
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      if (event.key === "?") setShown(true)
      if (event.key !== "/") return
      const filter = document.querySelector<HTMLElement>("[data-filter]")
      if (filter === null) return
      event.preventDefault()
      filter.focus()
    }
    document.addEventListener("keydown", pressed)
    return () => document.removeEventListener("keydown", pressed)
  }, [])
  return shown ? (
    <Dialog title="Keys" close={() => setShown(false)}>
      <Facts
        of={[
          ["j, k", "next row, row before"],
          ["Enter", "open the row"],
          ["/", "to the first filter"],
          ["Esc", "close a dialog"],
          ["?", "this list"]
        ]}
      />
    </Dialog>
  ) : null
}
