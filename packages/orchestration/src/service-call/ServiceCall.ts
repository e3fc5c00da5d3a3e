/** The service-call aggregate as one value: all that the writer knows of it. */
import type { ServiceCallId, StreamId } from "@dueline/contracts/Ids"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { ServiceCallEvent } from "@dueline/contracts/serviceCall/Event"
import type { ServiceCallOutcome } from "@dueline/contracts/serviceCall/Outcome"
import type { ServiceCallRejection } from "@dueline/contracts/serviceCall/Rejection"
import type { Aggregate } from "../engine/Aggregate.ts"
import { attachment } from "./attachment.ts"
import { decide } from "./decide.ts"
import { evolve } from "./evolve.ts"
import { project } from "./project.ts"
import { announce, intend } from "./react.ts"
import { respond } from "./respond.ts"
import { initial, ServiceCallState } from "./State.ts"

export const ServiceCall: Aggregate<
  ServiceCallCommand,
  ServiceCallState,
  ServiceCallEvent,
  ServiceCallRejection,
  ServiceCallOutcome
> = {
  category: "service-call",
  event: ServiceCallEvent,
  upcasters: {},
  snapshot: { form: 2, state: ServiceCallState },
  // A call id has the form of a stream id; checking it again with every command would cost more than deciding.
  streamOf: ({ callId }) => callId as string as StreamId,
  opens: ({ _tag }) => _tag === "SubmitServiceCall",
  ended: ({ _tag }) => _tag === "Succeeded" || _tag === "Failed" || _tag === "Cancelled",
  initial,
  correlation: (state) => (state._tag === "NotSubmitted" ? null : state.origin.correlationId),
  evolve,
  decide,
  respond,
  attachment,
  ruled: false,
  requires: () => [],
  refuse: () => null,
  project: (state, { tenantId, streamId, version, at }) =>
    project(state, { tenantId, version, at, callId: streamId as string as ServiceCallId }),
  announce: (event, after, { tenantId, version, at }, { callId }) =>
    announce(event, after, { tenantId, version, at, callId }),
  intend: (events, after, { tenantId, version, at }, sealed, command) =>
    intend(events, after, { tenantId, version, at, callId: command.callId }, sealed, command)
}
