/** What was recorded of one call, event by event, with who did it. */
import type { HistoryEvent } from "@dueline/contracts/api/ServiceCallView"
import type { ServiceCallId } from "@dueline/contracts/Ids"
import { useState } from "react"
import { useAnswer } from "../backend/useAnswer.ts"
import { Events } from "../parts/Events.tsx"
import { Answered } from "../parts/Screen.tsx"

/** So many of the last versions are read; a call may have many more. */
const shown = 200

export const History = ({ id, version }: { readonly id: ServiceCallId; readonly version: number }) => {
  const [older, setOlder] = useState(0)
  const after = Math.max(0, version - shown - older)
  const answer = useAnswer<{ readonly items: ReadonlyArray<HistoryEvent> }>(
    `${id} ${version} ${after}`,
    ({ serviceCalls }) => serviceCalls.events({ params: { id }, query: { after, limit: shown } })
  )
  return (
    <Answered answer={answer}>
      {({ items }) => (
        <>
          <Events of={items.toReversed()} />
          {after > 0 ? (
            <button type="button" onClick={() => setOlder(older + shown)}>
              Older events
            </button>
          ) : null}
        </>
      )}
    </Answered>
  )
}
