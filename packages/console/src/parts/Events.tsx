/** Events as they were recorded; what one holds is a press away. */
import type { HistoryEvent } from "@dueline/contracts/api/ServiceCallView"
import type { ReactNode } from "react"
import { Time } from "../time/Time.tsx"
import { Json } from "./Facts.tsx"
import { wordsOf } from "./Status.tsx"

export const Events = <E extends HistoryEvent>({
  about,
  of
}: {
  readonly of: ReadonlyArray<E>
  readonly about?: (event: E) => ReactNode
}) => (
  <ol className="events">
    {of.map((event) => (
      <li key={event.eventId}>
        <details>
          <summary>
            <Time at={event.recordedAt} />
            <b>{wordsOf(event.type)}</b>
            <span className="faint">
              {event.actor.kind === "system" ? event.actor.id : `by ${event.actor.id}`} · version {event.version}
            </span>
          </summary>
          <Json of={event.payload} />
        </details>
        {about === undefined ? null : about(event)}
      </li>
    ))}
  </ol>
)
