/** What an accepted command is answered with. */
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import type { ServiceCallEvent } from "@dueline/contracts/serviceCall/Event"
import type { ServiceCallOutcome } from "@dueline/contracts/serviceCall/Outcome"
import type { ServiceCallState } from "./State.ts"

export const respond = (
  { _tag, callId }: ServiceCallCommand,
  after: ServiceCallState,
  events: ReadonlyArray<ServiceCallEvent>
): ServiceCallOutcome => {
  if (after._tag === "NotSubmitted") throw new Error(`an accepted ${_tag} left no service call behind`)
  const about = { callId, status: after._tag, dueAt: after.dueAt, attempt: after.attempt }
  switch (_tag) {
    case "SubmitServiceCall":
      return { _tag: "Submitted", ...about }
    case "RescheduleServiceCall":
      return { _tag: "Rescheduled", ...about }
    case "CancelServiceCall":
      return { _tag: after._tag === "Cancelled" ? "Cancelled" : "Cancelling", ...about }
    case "RerunServiceCall":
      return { _tag: "Rerun", ...about }
    case "DueTimeReached":
      return events.length === 0 ? { _tag: "Ignored", ...about } : { _tag: "Started", ...about, epoch: after.epoch }
    case "RecordSuccess":
    case "RecordFailure":
      return { _tag: events[0]?._tag === "ExecutionSuperseded" ? "Superseded" : "Recorded", ...about }
    case "HandBackExecution":
      if (events.length > 0) return { _tag: "Recorded", ...about }
      return { _tag: after._tag === "Running" ? "Superseded" : "Ignored", ...about }
  }
}
