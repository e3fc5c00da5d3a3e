/** How the sentences about an EventBus publish and listen. */
import { type BusMessage, type Delivery, EventBus, type Verdict } from "@dueline/contracts/ports/EventBus"
import type { TenantId } from "@dueline/contracts/Ids"
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import type { Harness } from "../Harness.ts"
import * as Sample from "../Sample.ts"

export type It<R> = Vitest.MethodsNonLive<EventBus | R>

export interface EventBusHarness<R> extends Harness<EventBus | R> {
  /** Lets this many milliseconds pass for the bus: `TestClock.adjust`, or a real wait. */
  readonly passTime: (ms: number) => Effect.Effect<unknown, never, R>
  readonly features: {
    /** `publish` returns only when every group is done; false for a bus that holds messages durably itself. */
    readonly publishWaits: boolean
    /** An event id that is published again is not delivered again. */
    readonly deduplicates: boolean
  }
}

/** What a suite's sentences share: time, and the patience to wait for something. */
export const patience = <R>({ passTime }: EventBusHarness<R>) => ({
  /** Lets time pass until the condition holds; gives up after 20 seconds of it. */
  until: Effect.fnUntraced(function* (what: string, condition: () => boolean) {
    for (let round = 0; round < 400; round += 1) {
      if (condition()) return
      yield* passTime(50)
    }
    assert.fail(`never happened: ${what}`)
  }),
  /** Long enough for anything that would come to have come. */
  settle: passTime(1_000)
})

export const ack: Verdict = { _tag: "Ack" }
export const retry: Verdict = { _tag: "Retry", reason: "not yet" }
export const wait: Verdict = { _tag: "Wait", reason: "the store is away" }
export const dead: Verdict = { _tag: "Dead", reason: "hopeless" }

export const message = (tenantId: TenantId, payload: unknown, changes: Partial<BusMessage> = {}): BusMessage => ({
  eventId: Sample.uuid(),
  tenantId,
  streamId: Sample.streamOf(Sample.callId()),
  topic: "ops.service-call.succeeded",
  payload,
  ...changes
})

export const publish = (one: BusMessage) => Effect.flatMap(EventBus, (bus) => bus.publish(one))

/** Publishes in this order without waiting for any of them to be done. */
export const publishAll = (messages: ReadonlyArray<BusMessage>) =>
  Effect.forEach(messages, (one) => Effect.forkChild(publish(one), { startImmediately: true }))

export const group = () => `group-${Sample.uuid()}`

/** A consumer of one tenant in a group of its own, and the list of what it was given. `decide` is asked for every delivery. */
export const listen = Effect.fnUntraced(function* (
  tenantId: TenantId,
  decide: (delivery: Delivery) => Effect.Effect<Verdict> = () => Effect.succeed(ack),
  options: { readonly group?: string; readonly topics?: ReadonlyArray<string> } = {}
) {
  const heard: Array<Delivery> = []
  yield* (yield* EventBus).consume(
    { group: options.group ?? group(), topics: options.topics ?? [], tenantId },
    (delivery) => {
      heard.push(delivery)
      return decide(delivery)
    }
  )
  return heard
})

export const payloadsOf = (heard: ReadonlyArray<Delivery>) => heard.map(({ payload }) => payload)
