/** Times of a schedule that passed without a call: counted by a plan, and called after all by a job. */
import type { BulkFilter } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import type { ScheduleView } from "@dueline/contracts/schedule/ScheduleBodies"
import { BulkButton } from "../jobs/BulkButton.tsx"
import { TimeField } from "../parts/Fields.tsx"
import { lastDay, useTypedRange } from "../time/useTypedRange.ts"
import { formatTime } from "../time/zone.ts"

export const Backfill = ({ schedule }: { readonly schedule: ScheduleView }) => {
  const { begins, ends, from, instants, to, zone } = useTypedRange(lastDay)
  // Without both ends there is no filter, and hence nothing to be planned.
  const filter = (begins < ends ? { schedule: schedule.id, ...instants() } : {}) as BulkFilter
  return (
    <div className="filters">
      <TimeField label={`From, in ${zone}`} {...from} />
      <TimeField label="Until" {...to} />
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
