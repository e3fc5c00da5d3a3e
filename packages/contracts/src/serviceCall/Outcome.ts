/** What an accepted command about a service call is answered with. Stored in the receipt, so it can be answered again verbatim. */
import { Schema } from "effect"
import { EpochMillis, ServiceCallId } from "../Ids.ts"
import { ServiceCallStatus } from "./Rejection.ts"

const about = { callId: ServiceCallId, status: ServiceCallStatus, dueAt: EpochMillis, attempt: Schema.Int }

export const ServiceCallOutcome = Schema.TaggedUnion({
  Submitted: about,
  Rescheduled: about,
  /** No request will ever leave. */
  Cancelled: about,
  /** One is on the wire; it is the last. */
  Cancelling: about,
  Rerun: about,
  Started: { ...about, epoch: Schema.Int },
  Recorded: about,
  Superseded: about,
  /** A firing that was early, stale or a repeat; something handed back that was not held any more. */
  Ignored: about
})
export type ServiceCallOutcome = typeof ServiceCallOutcome.Type
