/** One service call, driven command by command. */
import * as UnderTest from "./AggregateUnderTest.ts"
import type {
  ServiceCallCommand,
  ServiceCallOutcome,
  ServiceCallRejection
} from "@dueline/contracts/serviceCall/Command"
import type { ServiceCallEvent } from "@dueline/contracts/serviceCall/Event"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import type { CachedStream } from "../src/engine/storedForms.ts"
import { ServiceCall } from "../src/aggregates/service-call/ServiceCall.ts"
import type { ServiceCallState } from "../src/aggregates/service-call/State.ts"
import { envelope } from "./ServiceCallSample.ts"

export type Memory = CachedStream<ServiceCallState, ServiceCallEvent>
export type Turn = UnderTest.Turn<
  ServiceCallCommand,
  ServiceCallState,
  ServiceCallEvent,
  ServiceCallRejection,
  ServiceCallOutcome,
  ServiceCallRow
>

export class CallUnderTest extends UnderTest.AggregateUnderTest<
  ServiceCallCommand,
  ServiceCallState,
  ServiceCallEvent,
  ServiceCallRejection,
  ServiceCallOutcome,
  ServiceCallRow
> {
  constructor() {
    super(ServiceCall, envelope)
  }
}
