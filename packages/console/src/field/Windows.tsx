/** Free windows, nearest first, where a window was taken. */
import type { Window } from "@dueline/contracts/order/OrderBodies"
import { Time } from "../time/Time.tsx"

export const Windows = ({
  choose,
  free
}: {
  readonly free: ReadonlyArray<Window>
  readonly choose?: (window: Window) => void
}) =>
  free.length === 0 ? null : (
    <ul className="windows">
      {free.map((window) => (
        <li key={window.from}>
          free <Time at={window.from} /> – <Time at={window.to} />
          {choose === undefined ? null : (
            <button type="button" className="quiet" onClick={() => choose(window)}>
              Take this one
            </button>
          )}
        </li>
      ))}
    </ul>
  )
