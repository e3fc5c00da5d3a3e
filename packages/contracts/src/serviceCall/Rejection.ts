/** Why the answer to a command about a service call is no. Nothing was stored. */
import { Schema } from "effect"
import { ServiceCallId, WorkerId } from "../Ids.ts"

export const ServiceCallStatus = Schema.Literals(["Scheduled", "Running", "Succeeded", "Failed", "Cancelled"])
export type ServiceCallStatus = typeof ServiceCallStatus.Type

const about = { callId: ServiceCallId }

export class ServiceCallNotFound extends Schema.TaggedError<ServiceCallNotFound>()("ServiceCallNotFound", about) {}

/** The id was derived from a key that once named another request. */
export class ServiceCallIdTaken extends Schema.TaggedError<ServiceCallIdTaken>()("ServiceCallIdTaken", about) {}

/**
 * Too late to cancel or move: `attempt` is the last one that was sent. `held`, which never leaves the process that decides: an attempt is
 * handed over to that worker, and nobody has asked yet whether it was sent.
 */
export class ServiceCallAlreadyDispatched extends Schema.TaggedError<ServiceCallAlreadyDispatched>()(
  "ServiceCallAlreadyDispatched",
  {
    ...about,
    status: ServiceCallStatus,
    attempt: Schema.Int,
    held: Schema.optionalKey(Schema.Struct({ worker: WorkerId, epoch: Schema.Int }))
  }
) {}

/** The command does not fit the state; `allowed` names the states it does fit. */
export class IllegalTransition extends Schema.TaggedError<IllegalTransition>()("IllegalTransition", {
  ...about,
  status: ServiceCallStatus,
  allowed: Schema.Array(ServiceCallStatus)
}) {}

/** It has begun or ended, so it is pending no more: the next of its key is another call. */
export class ServiceCallBegun extends Schema.TaggedError<ServiceCallBegun>()("ServiceCallBegun", about) {}

/** Its tenant had requests of calls that fail erased: there is nothing to run again. */
export class RequestNotKept extends Schema.TaggedError<RequestNotKept>()("RequestNotKept", about) {}

export const ServiceCallRejection = Schema.Union([
  RequestNotKept,
  ServiceCallBegun,
  ServiceCallNotFound,
  ServiceCallIdTaken,
  ServiceCallAlreadyDispatched,
  IllegalTransition
])
export type ServiceCallRejection = typeof ServiceCallRejection.Type
