/** Damage to what is sealed, and to what refers to something, done by somebody who may do anything to the database; and what is said of it. */
import {
  CommandId,
  CorrelationId,
  CustomerId,
  EpochMillis,
  IdempotencyKey,
  OrderId,
  ServiceCallId,
  TenantId
} from "@dueline/contracts/Ids"
import type { Command } from "@dueline/contracts/kinds"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import {
  courierSecretContext,
  ingestionContext,
  PersonalDataVault,
  RequestVault,
  sealContext,
  SecretVault
} from "@dueline/contracts/ports/Vaults"
import { defaultRetryPolicy } from "@dueline/contracts/serviceCall/Spec"
import { CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import { schemePresets } from "@dueline/contracts/courierSource/SignatureScheme"
import { IngestionId } from "@dueline/contracts/ingestion/Ingestion"
import * as VaultsAes from "@dueline/secrets/VaultsAes"
import * as PersonalDataVaultAes from "@dueline/secrets/PersonalDataVaultAes"
import { recountCalls, verifyLog, verifyReferences } from "@dueline/postgres/admin/verify"
import { Database } from "@dueline/postgres/Database"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { verifyModels } from "../src/projections/verifyModels.ts"
import { verifySealed } from "../src/projections/verifySealed.ts"
import { damage, stage } from "./ModelStage.ts"

const key = Redacted.make(new Uint8Array(32).fill(3))
const vaults = Layer.mergeAll(
  VaultsAes.layerRequestVault({ sealing: { id: "k", key } }),
  VaultsAes.layerSecretVault({ sealing: { id: "k", key } }),
  PersonalDataVaultAes.layer({ key })
)

const origin = { correlationId: CorrelationId.make("life"), traceparent: null }
const at = EpochMillis.make(1_893_456_000_000)
let number = 0
const uuid = (kind: string, n: number): string => `00000000-0000-7000-8000-${kind}${n.toString(16).padStart(8, "0")}`

/** A tenant with a customer, a call whose request is sealed and one whose request is shown whole, each asked for under a key. */
const life = Effect.gen(function* () {
  const n = ++number
  const tenantId = TenantId.make(uuid("a0e0", n))
  const ids = {
    customerId: CustomerId.make(uuid("c0e0", n)),
    sealedCall: ServiceCallId.make(uuid("ca11", n)),
    openCall: ServiceCallId.make(uuid("ca12", n)),
    noStream: uuid("dead", n)
  }
  yield* damage(`select dueline.provision_tenant('${tenantId}', 'tenant-${n}', 0)`)
  const ask = (command: Command, name: string) =>
    Effect.flatMap(Orchestrator, (orchestrator) =>
      orchestrator.ask({
        tenantId,
        commandId: CommandId.make(name),
        correlationId: origin.correlationId,
        actor: { kind: "system", id: "life" },
        traceparent: null,
        idempotency: { key: IdempotencyKey.make(name), fingerprint: name },
        expectedVersion: null,
        command
      })
    )
  const { customerId, openCall, sealedCall } = ids
  const profile = { name: "Jo Doe" }
  const sealed = yield* (yield* PersonalDataVault).seal(tenantId, customerId, profile, null)
  yield* ask(
    { _tag: "RegisterCustomer", customerId, at, fields: ["name"], sealed, fingerprint: null, origin },
    "customer"
  )
  const headers = { authorization: "[redacted]" }
  const request = { method: "POST", url: "https://example.com/x", headers, bodyBytes: 2, bodySnippet: "{}" } as const
  const whole = { url: request.url, headers: { authorization: "Bearer t" }, body: "{}" }
  const sealedRequest = (yield* RequestVault).seal(whole, sealContext(tenantId, sealedCall))
  const spec = { request, timeoutMs: 1_000, retry: defaultRetryPolicy, tags: [] }
  const submit = { _tag: "SubmitServiceCall", at, dueAt: at, fingerprint: null, origin } as const
  yield* ask({ ...submit, callId: sealedCall, spec, sealed: sealedRequest }, "sealed")
  yield* ask(
    { ...submit, callId: openCall, spec: { ...spec, request: { ...request, headers: {} } }, sealed: null },
    "open"
  )
  return { tenantId, ...ids }
})

type Life = Effect.Success<typeof life>

/** A tenant with a courier source and an event that it sent. */
const field = Effect.gen(function* () {
  const n = ++number
  const tenantId = TenantId.make(uuid("a0e0", n))
  const courierSourceId = CourierSourceId.make(uuid("50c0", n))
  const ingestionId = IngestionId.make(uuid("1e50", n))
  const secretId = uuid("5ec0", n)
  yield* damage(`select dueline.provision_tenant('${tenantId}', 'tenant-${n}', 0)`)
  const orchestrator = yield* Orchestrator
  const vault = yield* SecretVault
  const ask = (command: Command) =>
    orchestrator.ask({
      tenantId,
      commandId: CommandId.make(command._tag),
      correlationId: origin.correlationId,
      actor: { kind: "system", id: "field" },
      traceparent: null,
      idempotency: null,
      expectedVersion: null,
      command
    })
  yield* ask({
    _tag: "CreateCourierSource",
    courierSourceId,
    at,
    source: { name: `source-${n}`, scheme: schemePresets.github, toleranceMs: 1_000 },
    secretId,
    sealed: vault.seal("a secret", courierSecretContext(tenantId, courierSourceId, secretId)),
    fingerprint: null,
    origin
  })
  const event = { eventId: "e", type: "label.created", trackingReference: "T", occurredAt: at, orderId: null } as const
  yield* ask({
    _tag: "ReceiveIngestion",
    ingestionId,
    at,
    courierSourceId,
    event,
    delivery: null,
    bodyBytes: 2,
    digest: "d",
    origin,
    sealed: vault.seal("{}", ingestionContext(tenantId, ingestionId))
  })
  const payloadId = IngestionId.make(uuid("1e51", n))
  yield* ask({
    _tag: "ReceiveDropbin",
    ingestionId: payloadId,
    at,
    reference: null,
    bodyBytes: 2,
    fingerprint: null,
    origin,
    sealed: vault.seal("{}", ingestionContext(tenantId, payloadId))
  })
  const complete = ask({ _tag: "CompleteIngestion", ingestionId: payloadId, at, orderId: OrderId.make(payloadId) })
  return { tenantId, courierSourceId, ingestionId, payloadId, complete }
})

/** What all of `verify` finds about one tenant. */
const findingsOf = (tenantId: string) =>
  Effect.gen(function* () {
    const found = [
      ...(yield* verifyLog).findings,
      ...(yield* verifyModels()).findings,
      ...(yield* verifySealed).findings,
      ...(yield* verifyReferences)
    ]
    return found
      .filter((each) => each.tenantId === tenantId)
      .map(({ check, detail, streamId }) => ({ check, streamId, detail }))
  })

type Damage = readonly [what: string, by: (life: Life) => string, check: string, of: keyof Life | null, says: RegExp]

/** Until nothing is left to count, as one process does again and again. */
const counting = Effect.gen(function* () {
  const { worker } = yield* Database
  const [row] = yield* worker<{ readonly events: number | null }>`select dueline.count_calls(5000) as events`
  return row?.events ?? 0
})

const where = ({ tenantId }: Life) => `where tenant_id = '${tenantId}'`

const kinds: ReadonlyArray<Damage> = [
  [
    "a profile is gone",
    (l) => `delete from dueline.personal_data ${where(l)}`,
    "profile",
    "customerId",
    /is lost: the customer was not erased/u
  ],
  [
    "a profile is damaged",
    (l) => `update dueline.personal_data set profile = 'A' || substr(profile, 2) || 'AA' ${where(l)}`,
    "profile",
    "customerId",
    /does not open/u
  ],
  [
    "a customer's key is exchanged",
    (l) => `update dueline.personal_data set data_key = 'AAAA' || substr(data_key, 5) ${where(l)}`,
    "profile",
    "customerId",
    /does not open/u
  ],
  [
    "a sealed request is damaged",
    (l) => `update dueline.service_calls set sealed = sealed || 'A' ${where(l)} and sealed is not null`,
    "request",
    "sealedCall",
    /does not open/u
  ],
  [
    "a sealed request is put into another call",
    (l) => `update dueline.service_calls c set sealed = o.sealed from dueline.service_calls o
      where c.call_id = '${l.openCall}' and o.call_id = '${l.sealedCall}'`,
    "request",
    "openCall",
    /does not open: changed, or sealed for another call/u
  ],
  [
    "a sealed request is gone",
    (l) => `update dueline.service_calls set sealed = null ${where(l)}`,
    "request",
    "sealedCall",
    /its request is lost: it is Scheduled/u
  ],
  [
    "a receipt points nowhere",
    (l) => `update dueline.receipts set version = 7 ${where(l)} and key = 'open'`,
    "receipt",
    "openCall",
    /the receipt for the key open names version 7/u
  ],
  [
    "a call is gone with its events and its row, and its receipt is still there",
    (l) => `with row as (delete from dueline.service_calls where call_id = '${l.openCall}')
      delete from dueline.events where stream_id = '${l.openCall}'`,
    "receipt",
    "openCall",
    /names version 1, which is not there/u
  ],
  [
    "a tenant is gone",
    (l) => `with row as (delete from dueline.tenant_rows ${where(l)})
      delete from dueline.events ${where(l)} and category = 'tenant'`,
    "tenant",
    null,
    /no such tenant/u
  ],
  [
    "an event's actor is no actor",
    (l) =>
      `update dueline.events set metadata = jsonb_set(metadata::jsonb, '{actor}', '7')::json ${where(l)} and stream_id = '${l.openCall}'`,
    "metadata",
    "openCall",
    /the metadata of version 1 is damaged/u
  ],
  [
    "an event's metadata is no object",
    (l) => `update dueline.events set metadata = 'null' ${where(l)} and stream_id = '${l.openCall}'`,
    "metadata",
    "openCall",
    /damaged/u
  ],
  [
    "a row is gone",
    (l) => `delete from dueline.service_calls where call_id = '${l.openCall}'`,
    "row",
    "openCall",
    /the row is missing/u
  ],
  [
    "a snapshot stands for no stream",
    (l) =>
      `insert into dueline.snapshots (tenant_id, stream_id, version, form, state) values ('${l.tenantId}', '${l.noStream}', 1, 1, '{}')`,
    "snapshot",
    "noStream",
    /of a stream that is not there/u
  ]
]

it.layer(stage.pipe(Layer.provideMerge(vaults)), { excludeTestServices: true, timeout: "120 seconds" })(
  "verify",
  (it) => {
    it.effect(
      "nothing is found where nothing was done, whatever became of the customer and the calls",
      () =>
        Effect.gen(function* () {
          const before = (yield* verifySealed).opened
          const one = yield* life
          assert.deepStrictEqual(yield* findingsOf(one.tenantId), [])
          assert.strictEqual((yield* verifySealed).opened, before + 2)
        }),
      { tags: ["ADR-0026.5"] }
    )

    it.effect(
      "secrets of couriers and what they sent open, and are missed when they are damaged or gone",
      () =>
        Effect.gen(function* () {
          const before = (yield* verifySealed).opened
          const { complete, courierSourceId, ingestionId, payloadId, tenantId } = yield* field
          assert.deepStrictEqual(yield* findingsOf(tenantId), [])
          assert.strictEqual((yield* verifySealed).opened, before + 3)
          yield* damage(`update dueline.personal_data set profile = profile || 'A' where tenant_id = '${tenantId}'`)
          const found = Effect.map(findingsOf(tenantId), (all) => all.map((each) => `${each.check} ${each.streamId}`))
          const all = [`secret ${courierSourceId}`, `body ${ingestionId}`, `body ${payloadId}`]
          assert.deepStrictEqual(yield* found, all)
          yield* damage(`delete from dueline.personal_data where tenant_id = '${tenantId}'`)
          assert.deepStrictEqual(yield* found, all)
          // Once its order is there nothing of a payload is kept.
          yield* complete
          assert.deepStrictEqual(yield* found, all.slice(0, 2))
        }),
      { tags: ["ADR-0026.5"] }
    )

    it.effect.each(kinds)(
      "%s",
      ([, by, check, of, says]) =>
        Effect.gen(function* () {
          const one = yield* life
          yield* damage(by(one))
          const found = yield* findingsOf(one.tenantId)
          assert.deepStrictEqual(
            found.map((each) => `${each.check} ${each.streamId}`),
            [`${check} ${of === null ? "" : one[of]}`]
          )
          assert.match(found[0]?.detail ?? "", says)
        }),
      { tags: ["ADR-0026.5"] }
    )

    it.effect(
      "calls that are counted otherwise than they are, until they are counted anew",
      () =>
        Effect.gen(function* () {
          const one = yield* life
          const count = Effect.repeat(counting, { until: (events) => events === 0 })
          const found = Effect.map(findingsOf(one.tenantId), (all) =>
            all.map(({ check, detail }) => `${check} ${detail}`)
          )
          yield* count
          assert.deepStrictEqual(yield* found, [])
          yield* damage(`update dueline.call_counts set n = n + 5 ${where(one)} and status = 'Scheduled'`)
          assert.deepStrictEqual(yield* found, ["counts the overview counts 7 calls as Scheduled, there are 2"])
          assert.isTrue(yield* recountCalls)
          yield* count
          assert.deepStrictEqual(yield* found, [])
          yield* damage(`delete from dueline.call_counts ${where(one)}`)
          assert.deepStrictEqual(yield* found, ["counts the overview counts 0 calls as Scheduled, there are 2"])
          yield* recountCalls
          yield* count
          yield* damage("delete from dueline.overview_progress")
          const lost = (yield* verifyReferences).filter(({ check }) => check === "counts")
          assert.match(lost[0]?.detail ?? "", /^the overview counts 0 calls as counted, there are \d+$/u)
          yield* recountCalls
          yield* count
          assert.deepStrictEqual(yield* found, [])
        }),
      { tags: ["ADR-0026.5"] }
    )

    it.effect(
      "a removed stream of events whose row is there, and a profile nobody owns",
      () =>
        Effect.gen(function* () {
          const one = yield* life
          yield* damage(
            `delete from dueline.events where stream_id = '${one.customerId}'`,
            `delete from dueline.receipts ${where(one)}`
          )
          assert.deepStrictEqual(
            (yield* findingsOf(one.tenantId)).map(({ check, detail }) => `${check} ${detail}`),
            ["row there are no events of this row"]
          )
          yield* damage(`delete from dueline.customer_rows ${where(one)}`)
          assert.deepStrictEqual(
            (yield* findingsOf(one.tenantId)).map(({ check, detail }) => `${check} ${detail}`),
            ["profile there is a profile of a customer who is not there"]
          )
        }),
      { tags: ["ADR-0026.5"] }
    )
  }
)
