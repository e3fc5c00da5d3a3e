/**
 * The consumer of order messages over the memory store and real writers, where every message ever published can be delivered again, and
 * every step of every delivery waits until the test lets it happen, fails it, or ends the delivery there.
 */
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import type { Command } from "@dueline/contracts/kinds"
import type { ServiceCallId } from "@dueline/contracts/Ids"
import type { OrderRow } from "@dueline/contracts/order/Order"
import { CallQueries, OpsQueries } from "@dueline/contracts/ports/Queries"
import type { Delivery, Verdict } from "@dueline/contracts/ports/EventBus"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import type { OutboxEntry } from "@dueline/contracts/ports/Outbox"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { RequestIntake } from "@dueline/contracts/ports/Admission"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { Deferred, Effect, Exit, Fiber, Result } from "effect"
import { type CallIdOf, makeHandler } from "../src/OrderNotifications.ts"
import { type Fate, inSteps, unavailable } from "./fated.ts"
import * as Field from "./FieldSample.ts"
import { writersOn } from "./WritersUnderTest.ts"

export interface Pass {
  readonly message: OutboxEntry
  readonly fiber: Fiber.Fiber<Verdict>
}

interface Waiting {
  readonly fate: Deferred.Deferred<Fate>
}

export const callIdOf: CallIdOf = (_tenant, _order, index) =>
  `00000000-0000-8000-8000-00000000ca1${index}` as ServiceCallId

/** Hosts under `refused.example.com` may not be called. */
const intake = RequestIntake.of({
  admit: (_tenant, _call, { body, headers, method, url }) =>
    url.includes("refused.example.com")
      ? Result.fail([{ field: "url", code: "egress_denied", message: "Not this one." }])
      : Result.succeed({
          spec: { request: { method, url, headers, bodyBytes: body?.length ?? 0, bodySnippet: body } },
          sealed: null
        })
})

export const world = Effect.fnUntraced(function* () {
  const store = MemoryStore.make()
  const writers = yield* writersOn(store)
  const { ask } = writers
  const rows = () => store.dump().rows
  const order = () => rows().find((row): row is OrderRow => row._tag === "OrderRow") ?? null
  const calls = () => rows().filter((row): row is ServiceCallRow => row._tag === "ServiceCallRow")

  const waiting: Array<Waiting> = []
  const held = new Set<Waiting>()
  const passes: Array<Pass> = []

  /** A step of a delivery: it waits for its fate. */
  const step = <A, E>(what: Effect.Effect<A, E>): Effect.Effect<A, E | StoreUnavailable> =>
    Effect.gen(function* () {
      const one: Waiting = { fate: yield* Deferred.make<Fate>() }
      waiting.push(one)
      const fate = yield* Effect.onExit(Deferred.await(one.fate), () =>
        Effect.sync(() => {
          if (waiting.includes(one)) waiting.splice(waiting.indexOf(one), 1)
        })
      )
      if (fate === "happens") return yield* what
      if (fate === "is not heard of") yield* Effect.exit(what)
      return yield* unavailable
    })

  const handler = yield* makeHandler(callIdOf).pipe(
    Effect.provideService(Orchestrator, inSteps(writers, step)),
    Effect.provideService(CallQueries, {
      ...store.callQueries,
      find: (tenantId, callId) => step(store.callQueries.find(tenantId, callId))
    }),
    Effect.provideService(OpsQueries, {
      ...store.opsQueries,
      find: (kind, tenantId, id) => step(store.opsQueries.find(kind, tenantId, id))
    }),
    Effect.provideService(RequestIntake, intake)
  )

  /** Until nobody can do anything but wait for the test. */
  const quiet = Effect.gen(function* () {
    const running = () => passes.filter(({ fiber }) => fiber.pollUnsafe() === undefined).length
    for (let turns = 0; running() > waiting.length + held.size && turns < 2_000; turns += 1) yield* Effect.yieldNow
  })

  const start = Effect.fnUntraced(function* (message: OutboxEntry) {
    const delivery: Delivery = { ...message, attempt: 1 }
    const pass: Pass = { message, fiber: yield* Effect.forkChild(handler(delivery), { startImmediately: true }) }
    passes.push(pass)
    yield* quiet
    return pass
  })

  const release = Effect.fnUntraced(function* (one: Waiting | undefined, fate: Fate) {
    if (one === undefined) return
    waiting.splice(waiting.indexOf(one), 1)
    yield* Deferred.succeed(one.fate, fate)
    yield* quiet
  })

  /** Lets everything that waits happen, also what comes of it. */
  const drain = Effect.gen(function* () {
    for (let one = waiting[0]; one !== undefined; one = waiting[0]) yield* release(one, "happens")
  })

  const soon = Effect.fnUntraced(function* (fiber: Fiber.Fiber<unknown>) {
    while (fiber.pollUnsafe() === undefined) {
      for (const one of waiting.splice(0)) yield* Deferred.succeed(one.fate, "happens")
      yield* Effect.yieldNow
    }
  })

  const deliver = Effect.fnUntraced(function* (message: OutboxEntry) {
    const { fiber } = yield* start(message)
    yield* drain
    return yield* Fiber.join(fiber)
  })

  return {
    calls,
    deliver,
    drain,
    changedOrders: store.changedOrders,
    dump: store.dump,
    /** Takes the newest step aside: nobody lets it happen until `goesOn`. */
    hold: () => {
      const one = waiting.pop()
      if (one === undefined) throw new Error("nothing waits")
      held.add(one)
      const goesOn = Effect.suspend(() => {
        held.delete(one)
        waiting.push(one)
        return release(one, "happens")
      })
      return { goesOn }
    },
    /** For a bus of the test's own: nothing waits. */
    handle: (delivery: Delivery) =>
      Effect.flatMap(Effect.forkChild(handler(delivery), { startImmediately: true }), (fiber) =>
        Effect.andThen(soon(fiber), Fiber.join(fiber))
      ),
    kill: (pass: Pass) => Fiber.interrupt(pass.fiber),
    /** Every message about the order that was ever published, oldest first. */
    messages: () => store.dump().outbox.filter(({ streamId }) => streamId === (Field.orderId as string)),
    order,
    outbox: store.outbox,
    passes,
    release,
    start,
    /** As a user does: an illegal command is an answer like any other. */
    tell: (command: Command) => Effect.exit(ask(Field.envelope(command))),
    verdictOf: ({ fiber }: Pass): Verdict | null => {
      const exit = fiber.pollUnsafe()
      return exit !== undefined && Exit.isSuccess(exit) ? exit.value : null
    },
    waiting
  }
})

export type World = Effect.Success<ReturnType<typeof world>>

/** A world with a customer and a bin. */
export const furnished = Effect.fnUntraced(function* () {
  const here = yield* world()
  yield* here.tell(Field.register())
  yield* here.tell(Field.createBin())
  return here
})
