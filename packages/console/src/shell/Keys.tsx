/** What the keyboard does, shown with `?`; `/` goes to the first filter. */
import { Fragment, useEffect, useState } from "react"
import { Dialog } from "../parts/Dialog.tsx"

const keys: ReadonlyArray<readonly [names: ReadonlyArray<string>, what: string]> = [
  [["j", "k"], "next row, row before"],
  [["Enter"], "open the row"],
  [["/"], "to the first filter"],
  [["Esc"], "close a dialog"],
  [["?"], "this list"]
]

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
      <dl className="keys">
        {keys.map(([names, what]) => (
          <Fragment key={what}>
            <dt>
              {names.map((name) => (
                <Fragment key={name}>
                  <kbd>{name}</kbd>{" "}
                </Fragment>
              ))}
            </dt>
            <dd>{what}</dd>
          </Fragment>
        ))}
      </dl>
    </Dialog>
  ) : null
}
