/** Times of a schedule that passed without a call: counted by a plan, and called after all by a job. */
import type { BulkFilter } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import type { ScheduleView } from "@dueline/contracts/schedule/ScheduleBodies"
import { useState } from "react"
import { useAtom } from "../backend/useAtom.ts"
import { BulkButton } from "../jobs/BulkButton.tsx"
import { zoneAtom } from "../time/chosenZone.ts"
import { formatTime, instantOf, typedTime } from "../time/zone.ts"

const dayMs = 86_400_000

export const Backfill = ({ schedule }: { readonly schedule: ScheduleView }) => {
  const zone = useAtom(zoneAtom)
  const [from, setFrom] = useState(() => typedTime(Date.now() - dayMs, zone))
  const [to, setTo] = useState(() => typedTime(Date.now(), zone))
  const [begins, ends] = [instantOf(from, zone), instantOf(to, zone)]
  // Without both ends there is no filter, and hence nothing to be planned.
  const filter = (
    begins < ends
      ? { schedule: schedule.id, from: new Date(begins).toISOString(), to: new Date(ends).toISOString() }
      : {}
  ) as BulkFilter
  return (
    <div className="filters">
      <label>
        From, in {zone}
        <input type="datetime-local" value={from} onChange={(event) => setFrom(event.target.value)} />
      </label>
      <label>
        Until
        <input type="datetime-local" value={to} onChange={(event) => setTo(event.target.value)} />
      </label>
      <BulkButton
        label="Call after all"
        filter={filter}
        words={
          begins < ends
            ? [`Times of ${schedule.name ?? schedule.id}`, `${formatTime(begins, zone)} to ${formatTime(ends, zone)}`]
            : []
        }
        actions={["backfill-schedule"]}
      />
    </div>
  )
}
