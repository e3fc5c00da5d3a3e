/**
 * Subscriptions over the memory store and real writers: messages that come, processes that deliver, whose every step may fail, be carried out
 * without an answer or be the last, and endpoints that answer as they are told.
 */
import type { Envelope } from "@dueline/contracts/Envelope"
import type { EpochMillis, ServiceCallId, WorkerId } from "@dueline/contracts/Ids"
import type { Command } from "@dueline/contracts/kinds"
import { Deliveries } from "@dueline/contracts/ports/Deliveries"
import { OpsQueries } from "@dueline/contracts/ports/Queries"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { RequestIntake } from "@dueline/contracts/ports/Admission"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { RequestVault, SecretVault } from "@dueline/contracts/ports/Vaults"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import type {
  SubscriptionCommand,
  SubscriptionRow,
  SubscriptionTerms
} from "@dueline/contracts/subscription/Subscription"
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import { Effect, Result } from "effect"
import { TestClock } from "effect/testing"
import type { CallbackCallIdOf } from "../src/subscriptions/callbacks.ts"
import { type DeliveryCallIdOf, makeDeliveries } from "../src/subscriptions/SubscriptionDeliveries.ts"
import { inSteps, makeFates } from "./fated.ts"
import * as Field from "./FieldSample.ts"
import { create, subscriptionId } from "./SubscriptionSteps.ts"
import { writersOn } from "./WritersUnderTest.ts"

export const hourMs = 3_600_000
export const disableAfterMs = 72 * hourMs
export const keepMs = 7 * 24 * hourMs

const callIdOf: DeliveryCallIdOf = (_tenant, _subscription, eventId, redelivery) =>
  `${redelivery.toString(16).padStart(8, "d")}-0000-8000-8000-${eventId.slice(-12)}` as ServiceCallId

const intake = RequestIntake.of({
  admit: (_tenant, _call, { body, headers, method, url }) =>
    Result.succeed({
      spec: { request: { method, url, headers, bodyBytes: body?.length ?? 0, bodySnippet: body } },
      sealed: null
    })
})
const vault = SecretVault.of({
  seal: (text) => text,
  open: (sealed) => Effect.succeed(`https://example.com/${sealed}`)
})

const callbackIdOf: CallbackCallIdOf = (_tenant, callId, revision) =>
  `${revision.toString(16).padStart(8, "c")}-0000-8000-8000-${callId.slice(-12)}` as ServiceCallId
const requests = RequestVault.of({
  seal: () => "",
  open: (sealed) =>
    Effect.succeed({
      url: "",
      headers: {},
      body: null,
      onEnd: { url: `https://example.com/${sealed}`, headers: { "x-of": "caller" }, flow: { key: "ends" } }
    })
})

export interface Delivered {
  readonly eventId: string
  readonly stream: string
  readonly number: number
}

export const makeWorld = Effect.fnUntraced(function* (terms: Partial<SubscriptionTerms> = {}) {
  const store = MemoryStore.make()
  const writers = yield* writersOn(store)
  const { fates, step } = makeFates()
  const { deliveries } = store
  const work = yield* Effect.forEach([1, 2], () =>
    makeDeliveries({ callIdOf, callbackIdOf, disableAfterMs, keepMs }).pipe(
      Effect.provideService(Orchestrator, inSteps(writers, step)),
      Effect.provideService(Deliveries, {
        ...deliveries,
        unsorted: (limit) => step(deliveries.unsorted(limit)),
        sort: (sorted) => step(deliveries.sort(sorted)),
        repeat: (options) => step(deliveries.repeat(options)),
        look: (options) => step(deliveries.look(options)),
        call: (options) => step(deliveries.call(options)),
        settle: (options) => step(deliveries.settle(options))
      }),
      Effect.provideService(OpsQueries, store.opsQueries),
      Effect.provideService(RequestIntake, intake),
      Effect.provideService(SecretVault, vault),
      Effect.provideService(RequestVault, requests),
      Effect.provideService(Persistence, { ...store.persistence, load: (asked) => step(store.persistence.load(asked)) })
    )
  )
  let now: number = Field.t0
  const pass = (ms: number) =>
    Effect.suspend(() => {
      now += ms
      return TestClock.setTime(now)
    })
  yield* pass(0)
  const at = () => now as EpochMillis
  const tell = (command: Command) => Effect.orDie(writers.ask(Field.envelope(command) as Envelope<Command>))
  const first = create()
  yield* tell({ ...first, terms: { ...first.terms, ...terms } })

  const rows = () => store.dump().rows
  const row = () => rows().find((each): each is SubscriptionRow => each._tag === "SubscriptionRow") as SubscriptionRow
  const calls = () =>
    rows().filter(
      (each): each is ServiceCallRow =>
        each._tag === "ServiceCallRow" && each.tags.some((tag) => tag.startsWith("subscription:"))
    )

  /** What is due is sent once, answered with that status, and what of it was delivered is noted, in order. */
  const delivered: Array<Delivered> = []
  const answer = Effect.fnUntraced(function* (status: number) {
    for (const { callId, request, revision } of calls().filter(
      (each) => each.status === "Scheduled" && each.wakeAt !== null && each.wakeAt <= now
    )) {
      yield* tell({ _tag: "DueTimeReached", callId, at: at(), revision, worker: "w" as WorkerId })
      const epoch = calls().find((each) => each.callId === callId)?.epoch ?? 0
      const about = { callId, at: at(), epoch, status, durationMs: 1, response: null }
      if (status < 300) {
        const sent = JSON.parse(request.bodySnippet ?? "{}") as { id: string; data: { binId: string; version: number } }
        delivered.push({ eventId: sent.id, stream: sent.data.binId, number: sent.data.version })
        yield* tell({ _tag: "RecordSuccess", ...about })
      } else {
        const more = {
          reason: "http_status",
          detail: "",
          retryable: status !== 410,
          retryAfterMs: null,
          roll: 0
        } as const
        yield* tell({ _tag: "RecordFailure", ...about, ...more })
      }
    }
  })

  /** Both processes at the same time; one that dies is replaced. */
  const look = Effect.all(
    work.map(({ tick }) => Effect.exit(tick(() => true))),
    { concurrency: "unbounded" }
  )

  /** Something happens to bin `n`: a message, of one bin one after the other. */
  const seen = new Map<number, number>()
  const happen = (n: number) => {
    const times = (seen.get(n) ?? 0) + 1
    seen.set(n, times)
    const binId = Field.bin(n)
    return times === 1
      ? tell({
          _tag: "CreateBin",
          binId,
          at: at(),
          bin: Field.description({ serialNumber: `SN-${n}` }),
          capacityLitres: null,
          fingerprint: "f",
          origin: Field.origin
        })
      : tell({ _tag: "UpdateBinCapacity", binId, at: at(), capacityLitres: 10 + times })
  }

  const ask = (tag: SubscriptionCommand["_tag"], more: object = {}) =>
    tell({ _tag: tag, subscriptionId, at: at(), reason: null, ...more } as Command)

  const settle = Effect.fnUntraced(function* (rounds: number, status = 200) {
    for (let round = 0; round < rounds; round += 1) {
      yield* look
      yield* answer(status)
      yield* pass(1_000)
    }
  })

  return { answer, ask, calls, delivered, fates, happen, look, now: () => now, pass, row, settle, store, tell, work }
})
