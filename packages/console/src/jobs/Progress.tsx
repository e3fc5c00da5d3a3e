/** How far a job is, as a bar and as numbers. */
import type { BulkJobState } from "@dueline/contracts/bulkJob/BulkJobEndpoints"

export const Progress = ({ job: { plan, progress } }: { readonly job: Pick<BulkJobState, "plan" | "progress"> }) => {
  const dealt = progress.done + progress.failed + progress.skipped
  // More may fit than were counted, when the plan says that it is not exact.
  const all = Math.max(plan.count, dealt)
  return (
    <span className="progress">
      <progress value={dealt} max={Math.max(1, all)} aria-label="Progress" />
      <span>
        {dealt} of {plan.exact ? all : `${all} or more`}
        {progress.failed === 0 ? "" : `, ${progress.failed} failed`}
        {progress.skipped === 0 ? "" : `, ${progress.skipped} left alone`}
      </span>
    </span>
  )
}
