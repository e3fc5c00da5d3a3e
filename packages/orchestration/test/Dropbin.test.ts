/** Payloads become orders: once, however often they are looked at, and to an end that says what to do, whatever their host and the store do. */
import { assert, it } from "@effect/vitest"
import * as EventBusMemory from "@dueline/contracts/memory/EventBusMemory"
import { TenantId } from "@dueline/contracts/Ids"
import type { DropbinContent, OrderAsked } from "@dueline/contracts/ingestion/Dropbin"
import { IngestionId, type IngestionRow } from "@dueline/contracts/ingestion/Ingestion"
import type { Command } from "@dueline/contracts/kinds"
import type { OrderRow } from "@dueline/contracts/order/Order"
import { DueIngestions } from "@dueline/contracts/ports/DueWork"
import { EventBus } from "@dueline/contracts/ports/EventBus"
import { HttpClient, type OutgoingResult } from "@dueline/contracts/ports/HttpClient"
import { OpsQueries } from "@dueline/contracts/ports/Queries"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { PayloadSources } from "@dueline/contracts/ports/Admission"
import { ingestionContext, SecretVault } from "@dueline/contracts/ports/Vaults"
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import { Context, Effect, Result, Schema } from "effect"
import { TestClock } from "effect/testing"
import { type DropbinParts, type FetchPolicy, makeCarryOut } from "../src/dropbin/carryOut.ts"
import * as Dropbin from "../src/dropbin/Dropbin.ts"
import { inSteps, makeFates } from "./fated.ts"
import * as Field from "./FieldSample.ts"
import * as Steps from "./IngestionSteps.ts"
import { writersOn } from "./WritersUnderTest.ts"

const uri = "https://files.example.com/orders/7?signature=s3cret"
const { binId, customerId, ms, t0, tenantId } = Field
const asked: OrderAsked = {
  customerId,
  binId,
  kind: "pickup",
  notifications: [],
  window: Field.hours(8, 10),
  items: []
}

const encoded = (order: unknown) => new TextEncoder().encode(JSON.stringify(order))
const answered = (status: number, body: Uint8Array = encoded(asked), more: object = {}): OutgoingResult => ({
  _tag: "Answered",
  status,
  headers: {},
  body,
  truncated: false,
  durationMs: 1,
  ...more
})
const unanswered = (reason: Extract<OutgoingResult, { readonly _tag: "Unanswered" }>["reason"]): OutgoingResult => ({
  _tag: "Unanswered",
  reason,
  detail: "said so",
  durationMs: 1
})

/** Its length stands for the digest of a payload. */
const digestOf = (bytes: Uint8Array) => `sha-256=:${String(bytes.length).padStart(43, "0")}=:`

const parts: DropbinParts = {
  orderIdOf: () => Field.orderId,
  digestOf,
  readPayload: (_tenantId, _orderId, bytes) => {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as OrderAsked | { readonly wrong: string }
    return "wrong" in value ? Effect.fail([{ path: "payload.kind", message: value.wrong }]) : Effect.succeed(value)
  }
}

const policy: FetchPolicy = { attempts: 3, backoff: { initialMs: 1_000, maxMs: 60_000 } }

const vault: SecretVault["Service"] = {
  seal: (text, context) => `${context}|${text}`,
  open: (sealed) => Effect.succeed(sealed.slice(sealed.indexOf("|") + 1))
}

const world = Effect.gen(function* () {
  const store = MemoryStore.make()
  const writers = yield* writersOn(store)
  const { ask } = writers
  const { fates, step } = makeFates()
  const replies: Array<OutgoingResult> = []
  const sent: Array<string> = []
  const send: HttpClient["Service"]["send"] = ({ url }) =>
    Effect.sync(() => {
      sent.push(url)
      return (replies.length > 1 ? replies.shift() : replies[0]) ?? answered(200)
    })
  const allowed = { uri: true }
  const ports = Context.empty().pipe(
    Context.add(Orchestrator, inSteps(writers, step)),
    Context.add(OpsQueries, {
      ...store.opsQueries,
      find: (kind, tenantId, id) => step(store.opsQueries.find(kind, tenantId, id)),
      sealed: (kind, tenantId, id) => step(store.opsQueries.sealed(kind, tenantId, id))
    }),
    Context.add(SecretVault, vault),
    Context.add(HttpClient, { start: () => () => undefined, send }),
    Context.add(PayloadSources, {
      check: (uri) =>
        allowed.uri
          ? Result.succeed({ href: uri, shown: uri })
          : Result.fail({ code: "payload_host_refused", message: "not allowed" })
    }),
    Context.add(DueIngestions, store.dueIngestions),
    Context.add(EventBus, yield* EventBusMemory.make())
  )
  const carryOut = yield* Effect.provideContext(makeCarryOut(parts, policy), ports)
  const rows = () => store.dump().rows
  return {
    allowed,
    fates,
    ports,
    replies,
    sent,
    bus: Context.get(ports, EventBus),
    tell: (command: Command, tenant: TenantId = tenantId) => ask({ ...Field.envelope(command), tenantId: tenant }),
    look: carryOut(tenantId, Steps.ingestionId),
    events: () => store.dump().events.length,
    sealed: () => store.dump().sealed[`${tenantId}/${Steps.ingestionId}`],
    ingestions: () => rows().filter((row): row is IngestionRow => row._tag === "IngestionRow"),
    ingestion: () => rows().find((row): row is IngestionRow => row._tag === "IngestionRow"),
    orders: () => rows().filter((row): row is OrderRow => row._tag === "OrderRow")
  }
})

const drop = (content: DropbinContent, more: Partial<ReturnType<typeof Steps.drop>> = {}): Command => ({
  ...Steps.drop(),
  reference: "uri" in content ? { uri: "https://files.example.com/orders/7", digest: digestOf(encoded(asked)) } : null,
  sealed: vault.seal(JSON.stringify(content), ingestionContext(tenantId, Steps.ingestionId)),
  ...more
})

/** A yard with one customer and one bin, and a payload that has come in. */
const withPayload = Effect.fnUntraced(function* (content: DropbinContent) {
  yield* TestClock.setTime(t0)
  const here = yield* world
  yield* here.tell(Field.register())
  yield* here.tell(Field.createBin())
  yield* here.tell(drop(content))
  return here
})

const inline: DropbinContent = { order: asked }
const referred: DropbinContent = { uri }
const done = { afterMs: null }

it.effect(
  "a payload becomes one scheduled order, and its ingestion is completed with the order's id; looked at again nothing changes",
  () =>
    Effect.gen(function* () {
      for (const content of [inline, referred]) {
        const here = yield* withPayload(content)
        assert.deepStrictEqual(yield* here.look, done)
        assert.deepInclude(here.ingestion(), { status: "Completed", failures: 0 })
        assert.deepInclude(here.ingestion()?.dropbin, { orderId: Field.orderId, failure: null, dueAt: null })
        assert.lengthOf(here.orders(), 1)
        assert.deepInclude(here.orders()[0], { status: "Scheduled", window: asked.window, kind: "pickup" })
        assert.deepStrictEqual(here.sent, content === inline ? [] : [uri])
        assert.isUndefined(here.sealed())
        const events = here.events()
        assert.deepStrictEqual(yield* here.look, done)
        assert.strictEqual(here.events(), events)
      }
    }),
  { tags: ["ADR-0031.3"] }
)

it.effect(
  "a conflict ends it as failed, with the orders in the way and the nearest free windows",
  () =>
    Effect.gen(function* () {
      const here = yield* withPayload(inline)
      const holding = Field.order(7)
      yield* here.tell(Field.createOrder({ orderId: holding, schedule: true, window: Field.hours(9, 11) }))
      assert.deepStrictEqual(yield* here.look, done)
      const failure = here.ingestion()?.dropbin?.failure
      assert.strictEqual(failure?.code, "schedule_conflict")
      assert.deepStrictEqual(failure?.orders, [{ orderId: holding, status: "Scheduled", window: Field.hours(9, 11) }])
      assert.deepInclude(failure?.freeWindows ?? [], Field.hours(7, 9))
      assert.deepInclude(failure?.freeWindows ?? [], Field.hours(11, 13))
    }),
  { tags: ["ADR-0031.4"] }
)

it.effect(
  "bins and customers that are not there, or not this tenant's, end it as failed with what to do",
  () =>
    Effect.gen(function* () {
      for (const [order, code] of [
        [{ ...asked, binId: Field.bin(9) }, "bin_unfit"],
        [{ ...asked, customerId: Field.customer(9) }, "customer_unfit"]
      ] as const) {
        const here = yield* withPayload({ order })
        const stranger = TenantId.make("22222222-2222-4222-8222-222222222222")
        yield* here.tell(Field.register({ customerId: Field.customer(9) }), stranger)
        yield* here.tell(Field.createBin({ binId: Field.bin(9) }), stranger)
        assert.deepStrictEqual(yield* here.look, done)
        assert.strictEqual(here.ingestion()?.dropbin?.failure?.code, code)
        assert.include(here.ingestion()?.dropbin?.failure?.detail, "Idempotency-Key")
        assert.lengthOf(here.orders(), 0)
      }
    }),
  { tags: ["ADR-0031.4"] }
)

const permanent: ReadonlyArray<readonly [string, OutgoingResult, string]> = [
  ["an answer 404", answered(404), "payload_refused"],
  ["an answer 403", answered(403), "payload_refused"],
  ["a redirect that is not followed", unanswered("redirect_refused"), "payload_redirected"],
  ["an address inside", unanswered("egress_denied"), "payload_host_refused"],
  ["a payload that is too large", answered(200, encoded(asked), { truncated: true }), "payload_too_large"],
  ["a coded payload", answered(200, encoded(asked), { headers: { "content-encoding": "gzip" } }), "payload_coded"],
  ["other bytes than the digest says", answered(200, encoded({ ...asked, kind: "swap-and" })), "payload_digest_wrong"]
]

for (const [what, reply, code] of permanent) {
  it.effect(
    `${what} ends it as failed at once`,
    () =>
      Effect.gen(function* () {
        const here = yield* withPayload(referred)
        here.replies.push(reply)
        assert.deepStrictEqual(yield* here.look, done)
        assert.deepInclude(here.ingestion(), { status: "Failed", failures: 1 })
        assert.strictEqual(here.ingestion()?.dropbin?.failure?.code, code)
        assert.lengthOf(here.sent, 1)
        assert.notInclude(JSON.stringify(here.ingestion()), "s3cret")
      }),
    { tags: ["ADR-0031.4"] }
  )
}

it.effect("a fetched payload that is no order ends it as failed, with what is wrong and where", () =>
  Effect.gen(function* () {
    const wrong = encoded({ wrong: "is no kind" })
    yield* TestClock.setTime(t0)
    const here = yield* world
    yield* here.tell(drop(referred, { reference: { uri, digest: digestOf(wrong) } }))
    here.replies.push(answered(200, wrong))
    assert.deepStrictEqual(yield* here.look, done)
    assert.deepInclude(here.ingestion()?.dropbin?.failure, {
      code: "payload_invalid",
      errors: [{ path: "payload.kind", message: "is no kind" }]
    })
  })
)

it.effect(
  "a host that is away is asked again after growing pauses, each attempt in the record, and a bounded number of times",
  () =>
    Effect.gen(function* () {
      const here = yield* withPayload(referred)
      here.replies.push(unanswered("connect"), answered(503), answered(429))
      const first = yield* here.look
      assert.isTrue(first.afterMs !== null && first.afterMs >= 800 && first.afterMs <= 1_200)
      assert.deepInclude(here.ingestion(), { status: "Processing", failures: 1 })
      // Not before its time.
      assert.deepStrictEqual(yield* here.look, first)
      assert.lengthOf(here.sent, 1)
      yield* TestClock.adjust(first.afterMs ?? 0)
      const second = yield* here.look
      assert.isTrue(second.afterMs !== null && second.afterMs >= 1_600 && second.afterMs <= 2_400)
      yield* TestClock.adjust(second.afterMs ?? 0)
      assert.deepStrictEqual(yield* here.look, done)
      const row = here.ingestion()
      assert.deepInclude(row, { status: "Failed", failures: 3 })
      assert.strictEqual(row?.dropbin?.failure?.code, "payload_unreachable")
      assert.deepStrictEqual(
        row?.attempts.map(({ reason }) => /connect|503|429/u.exec(reason)?.[0]),
        ["connect", "503", "429"]
      )
    }),
  { tags: ["ADR-0031.5"] }
)

it.effect(
  "one that failed is asked for as often again when it is replayed, from where it lay",
  () =>
    Effect.gen(function* () {
      const here = yield* withPayload(referred)
      here.replies.push(answered(503))
      const untilItEnds = Effect.gen(function* () {
        for (let look = yield* here.look; look.afterMs !== null; look = yield* here.look)
          yield* TestClock.adjust(look.afterMs)
      })
      yield* untilItEnds
      yield* here.tell(Steps.replay(1))
      assert.isNull(here.ingestion()?.dropbin?.failure)
      yield* untilItEnds
      assert.deepInclude(here.ingestion(), { status: "Failed", failures: 2 * policy.attempts })
      yield* here.tell(Steps.replay(2))
      here.replies.push(answered(200))
      yield* untilItEnds
      assert.deepInclude(here.ingestion(), { status: "Completed", failures: 2 * policy.attempts + 1 })
      assert.lengthOf(here.orders(), 1)
    }),
  { tags: ["ADR-0033.6"] }
)

it.effect("a host that is taken out of the settings meanwhile is not asked", () =>
  Effect.gen(function* () {
    const here = yield* withPayload(referred)
    here.allowed.uri = false
    yield* here.look
    assert.strictEqual(here.ingestion()?.dropbin?.failure?.code, "payload_host_refused")
    assert.lengthOf(here.sent, 0)
  })
)

it.effect.prop(
  "whatever fails at any step, it comes to the same end and makes one order, also when the host says something else the second time",
  { fates: Schema.Array(Schema.Literals(["happens", "fails", "is not heard of"])), refers: Schema.Boolean },
  ({ fates, refers }) =>
    Effect.gen(function* () {
      const here = yield* withPayload(refers ? referred : inline)
      here.replies.push(answered(200))
      here.fates.push(...fates)
      for (let turn = 0; turn <= fates.length && here.ingestion()?.endedAt === null; turn += 1) {
        yield* Effect.exit(here.look)
        if (here.orders().length > 0) here.replies.splice(0, 1, answered(404))
      }
      assert.strictEqual(here.ingestion()?.status, "Completed")
      assert.lengthOf(here.orders(), 1)
    }),
  { tags: ["ADR-0031.3"] }
)

/** Time passes step by step, so that what a step sets off is done before the next one. */
const passing = (steps: number, ms: number) => Effect.repeat(TestClock.adjust(ms), { times: steps - 1 })

/** Another payload, for another window. */
const further = (n: number, content: DropbinContent): Command => {
  const ingestionId = IngestionId.make(`00000000-0000-7000-8000-e2000000010${n}`)
  return { ...(drop(content) as ReturnType<typeof Steps.drop>), ingestionId }
}

it.effect(
  "what nobody heard of is found in the store, and a host that is away holds up no other payload",
  () =>
    Effect.gen(function* () {
      const here = yield* withPayload(referred)
      here.replies.push(unanswered("timeout"))
      const ids = { ...parts, orderIdOf: (_: unknown, id: string) => Field.order(Number(`0x${id.slice(-3)}`)) }
      for (const n of [1, 2, 3]) {
        const window = Field.hours(10 + n, 11 + n)
        yield* here.tell(further(n, { order: { ...asked, window } }))
      }
      yield* Effect.provideContext(Dropbin.make(ids, { policy, places: 4, everyMs: 1_000 }), here.ports)
      yield* passing(100, 5)
      assert.deepStrictEqual(
        here
          .ingestions()
          .map(({ status }) => status)
          .sort(),
        ["Completed", "Completed", "Completed", "Processing"]
      )
      yield* passing(100, 100)
      assert.strictEqual(here.ingestions().filter(({ status }) => status === "Failed").length, 1)
    }),
  { tags: ["ADR-0031.5"] }
)

it.effect("a message is acknowledged at once and its payload looked at; a courier's event is not ours", () =>
  Effect.gen(function* () {
    const here = yield* withPayload(inline)
    yield* TestClock.setTime(t0 - 5_000)
    const desk = yield* Effect.provideContext(Dropbin.make(parts, { policy, everyMs: 3_600_000 }), here.ports)
    const message = {
      tenantId,
      streamId: Steps.ingestionId as string as Parameters<typeof here.bus.publish>[0]["streamId"],
      topic: "ops.ingestion.received"
    }
    yield* here.bus.publish({ ...message, eventId: "m-1", payload: { ingestion: { event: null } } })
    assert.strictEqual(desk.size(), 0)
    yield* here.bus.publish({ ...message, eventId: "m-2", payload: { ingestion: here.ingestion() } })
    yield* TestClock.setTime(ms(t0 + 1))
    yield* Effect.yieldNow
    assert.strictEqual(here.ingestion()?.status, "Completed")
  })
)
