/** For every operation in the API's own document: a tenant reaches nothing of another's, and nobody gets in without a right. */
import { assert, layer } from "@effect/vitest"
import { CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import type { CommandId, CorrelationId, EpochMillis, StreamId } from "@dueline/contracts/Ids"
import { SessionId } from "@dueline/contracts/session/Session"
import { drawSecret, readSecret } from "@dueline/identity/sessionSecret"
import { ShipmentId } from "@dueline/contracts/shipment/Shipment"
import { schemePresets } from "@dueline/contracts/courierSource/SignatureScheme"
import { signRequest } from "@dueline/secrets/requestSignature"
import { Effect } from "effect"
import { operations } from "./conformance.ts"
import { Edge, layer as edge, otherTenant, tenant } from "./Edge.ts"

const json = { "content-type": "application/json" }

/** One of each kind of thing, made by the tenant; what the paths of the API name by `{id}`. */
const household = Effect.gen(function* () {
  const { orchestrator, send, store, submit } = yield* Edge
  const post = (path: string, body: unknown) =>
    Effect.map(send({ method: "POST", path, headers: json, body: JSON.stringify(body) }), (reply) => {
      assert.oneOf(reply.status, [201, 202], reply.body)
      return String(reply.json["id"])
    })
  const customer = yield* post("/ops/customers", { profile: { name: "Wall Keeper" } })
  const bin = yield* post("/ops/bins", { serialNumber: `W-${customer}`, category: "skip", sizeLitres: 7_000 })
  const window = { from: "1970-03-01T08:00:00Z", to: "1970-03-01T10:00:00Z" }
  const order = yield* post("/ops/orders", {
    customerId: customer,
    binId: bin,
    kind: "delivery",
    window,
    schedule: true
  })
  const call = yield* submit({
    dueAt: "1970-03-01T08:00:00Z",
    request: { method: "POST", url: "https://example.com/a" }
  })
  const secret = "a secret of the courier's own"
  const source = yield* post("/ops/courier-sources", { name: `of-${customer}`, scheme: "aftership", secret })
  const event = JSON.stringify({
    id: "evt-1",
    type: "label.created",
    trackingReference: "T1",
    occurredAt: "1970-03-01T08:00:00Z"
  })
  const signature = signRequest(schemePresets.aftership, secret, { at: 0, body: Buffer.from(event) })
  const path = `/v1/events/courier/${source}`
  const taken = yield* send({
    method: "POST",
    path,
    headers: { ...json, ...signature, authorization: "" },
    body: event
  })
  const schedule = yield* send({
    method: "POST",
    path: "/v1/schedules",
    headers: json,
    body: JSON.stringify({ cron: "@daily", zone: "UTC", request: { method: "GET", url: "https://example.com/" } })
  })
  const subscription = yield* send({
    method: "POST",
    path: "/v1/subscriptions",
    headers: json,
    body: JSON.stringify({ url: "https://example.com/hooks", topics: ["ops.>"] })
  })
  const shipment = ShipmentId.make(`f${customer.slice(1)}`)
  yield* Effect.orDie(
    orchestrator.ask({
      tenantId: tenant,
      commandId: `shipment:${shipment}` as CommandId,
      correlationId: "0" as CorrelationId,
      actor: { kind: "system", id: "test" },
      traceparent: null,
      idempotency: null,
      expectedVersion: null,
      command: {
        _tag: "RecordShipmentEvent",
        shipmentId: shipment,
        at: 0 as EpochMillis,
        courierSourceId: CourierSourceId.make(source),
        event: {
          eventId: "evt-1",
          type: "label.created",
          trackingReference: "T1",
          occurredAt: 0 as EpochMillis,
          orderId: null
        },
        origin: { correlationId: "0" as CorrelationId, traceparent: null }
      }
    })
  )
  const key = yield* post("/v1/api-keys", { name: "wall", scopes: ["ops:bins.read"] })
  const pause = yield* post("/v1/pauses", { of: "tag", key: "wall", reason: "to be seen by nobody else" })
  const flow = yield* post("/v1/flows", { key: "wall", concurrency: 1 })
  const message = {
    eventId: shipment,
    tenantId: tenant,
    streamId: shipment as string as StreamId,
    topic: "t",
    payload: {}
  }
  yield* Effect.orDie(store.deadLetters.keep({ message, group: "mails", reasons: ["gave up"] }))
  const filter = { state: null, topic: null, group: null, reason: null, from: null, to: null }
  const planned = yield* send({
    method: "POST",
    path: "/v1/jobs/plan",
    headers: json,
    body: JSON.stringify({ action: "cancel-calls", filter: { q: customer } })
  })
  const job = yield* post("/v1/jobs", { token: planned.json["token"] })
  const kept = yield* Effect.orDie(store.deadLetterQueries.list({ tenantId: tenant, filter, after: null, limit: 1 }))
  const { digest, text: held } = drawSecret({ tenantId: tenant, sessionId: SessionId.make(shipment) })
  const session = readSecret(held)?.sessionId ?? assert.fail("it holds nothing")
  yield* Effect.orDie(
    store.sessions.make(
      {
        tenantId: tenant,
        sessionId: session,
        subject: "ann",
        tenants: [tenant],
        roles: null,
        scopes: [],
        way: "link",
        createdAt: 0 as EpochMillis,
        expiresAt: 1e9 as EpochMillis,
        idleMs: 1e9
      },
      { kind: "browser", digest },
      null
    )
  )
  return {
    "/v1/api-keys": key,
    "/v1/flows": flow,
    "/v1/pauses": pause,
    "/v1/sessions": session,
    "/v1/jobs": job,
    "/v1/dead-letters": kept.letters[0]?.id ?? assert.fail("the letter is not kept"),
    "/ops/shipments": shipment,
    "/ops/courier-sources": source,
    "/ops/ingestions": String(taken.json["id"]),
    "/ops/customers": customer,
    "/ops/bins": bin,
    "/ops/orders": order,
    "/v1/schedules": String(schedule.json["id"]),
    "/v1/subscriptions": String(subscription.json["id"]),
    "/v1/service-calls": String(call.json["id"])
  } as Readonly<Record<string, string>>
})

const guarded = operations.filter(({ security }) => security.length > 0)
/** Those on tenants reach across them, with scopes of their own: `tenants.test`. */
const walled = guarded.filter(({ path }) => !path.startsWith("/ops/tenants"))
const named = walled.filter(({ path }) => path.includes("{id}"))
/** A stream does not end: `live.test`. An overview lists nothing: `overview.test`. Roles are of the installation: `sessionTokens.test`.
 * A proof has leaves of others as hashes only. */
const listing = walled.filter(
  ({ method, path }) =>
    method === "GET" && !path.includes("{id}") && !/(?:live|overview|roles|retention(?:\/preview)?)$/u.test(path)
)

/** The document's own example, in the years in which the test's clock stands. */
const bodyOf = (operation: (typeof operations)[number]): string | undefined => {
  const example = operation.requestBody?.content["application/json"]?.example
  return operation.requestBody === undefined
    ? undefined
    : JSON.stringify(example ?? {}).replaceAll(/"20\d\d-/gu, '"1970-')
}

const headersOf = (operation: (typeof operations)[number]) => ({
  ...(operation.requestBody === undefined ? {} : json),
  ...(["PATCH", "POST"].includes(operation.method) ? { "if-match": '"1"' } : {})
})

const kindOf = (path: string): string => path.split("/").slice(0, 3).join("/")

const listPath = (path: string): string => (path === "/v1/timeline" ? `${path}?correlation=0abc` : path)

layer(edge)("between tenants", (it) => {
  it.effect("there are operations of every kind to be tried", () =>
    Effect.sync(() => {
      assert.isAtLeast(named.length, 18)
      assert.isAtLeast(listing.length, 5)
      assert.sameMembers(
        [...new Set(named.map(({ path }) => kindOf(path)))],
        [
          "/ops/customers",
          "/ops/bins",
          "/ops/orders",
          "/ops/courier-sources",
          "/ops/ingestions",
          "/ops/shipments",
          "/v1/api-keys",
          "/v1/flows",
          "/v1/pauses",
          "/v1/sessions",
          "/v1/schedules",
          "/v1/subscriptions",
          "/v1/service-calls",
          "/v1/dead-letters",
          "/v1/jobs"
        ]
      )
    })
  )

  for (const operation of named) {
    it.effect(
      `${operation.method} ${operation.path}: another tenant's is as if it did not exist, and stays as it was`,
      () =>
        Effect.gen(function* () {
          const { otherToken, send, store } = yield* Edge
          const ids = yield* household
          const id = ids[kindOf(operation.path)] ?? assert.fail(`nothing stands for ${operation.path}`)
          const before = JSON.stringify(store.dump().rows.filter((row) => row.tenantId === tenant))
          const body = bodyOf(operation)
          const asked = { method: operation.method, ...(body === undefined ? {} : { body }) }
          const headers = { ...headersOf(operation), authorization: `Bearer ${otherToken}` }
          const foreign = yield* send({ ...asked, path: operation.path.replace("{id}", id), headers })
          const absent = yield* send({
            ...asked,
            path: operation.path.replace("{id}", "00000000-0000-7000-8000-00000000dead"),
            headers
          })
          assert.strictEqual(foreign.status, 404, foreign.body)
          assert.deepStrictEqual(
            { ...foreign.json, correlationId: "" },
            { ...absent.json, correlationId: "" },
            "nothing tells the two apart"
          )
          assert.notInclude(foreign.body, tenant)
          assert.strictEqual(JSON.stringify(store.dump().rows.filter((row) => row.tenantId === tenant)), before)
          assert.lengthOf(
            store.dump().rows.filter((row) => row.tenantId === otherTenant),
            0
          )
        })
    )
  }

  for (const operation of listing) {
    it.effect(`${operation.method} ${operation.path}: shows nothing of another tenant`, () =>
      Effect.gen(function* () {
        const { otherToken, send } = yield* Edge
        const ids = yield* household
        const headers = { authorization: `Bearer ${otherToken}` }
        const reply = yield* send({ method: "GET", path: listPath(operation.path), headers })
        assert.strictEqual(reply.status, 200, reply.body)
        for (const id of Object.values(ids)) assert.notInclude(reply.body, id)
        if (operation.path === "/v1/audit/proof") {
          const parts = reply.json["parts"] as ReadonlyArray<{ readonly leaf: string | null }>
          assert.isTrue(parts.every(({ leaf }) => leaf === null))
        } else assert.deepStrictEqual(reply.json["items"], [])
      })
    )
  }

  for (const operation of guarded) {
    it.effect(`${operation.method} ${operation.path}: without a token 401, with one for something else 403`, () =>
      Effect.gen(function* () {
        const { mint, send, store } = yield* Edge
        const path = listPath(operation.path.replace("{id}", "00000000-0000-7000-8000-00000000dead"))
        const body = bodyOf(operation)
        const asked = { method: operation.method, path, ...(body === undefined ? {} : { body }) }
        const events = store.dump().events.length
        const nobody = yield* send({ ...asked, headers: { ...headersOf(operation), authorization: "" } })
        assert.strictEqual(nobody.status, 401, nobody.body)
        const powerless = yield* mint({ subject: "nobody", tenantId: tenant, scopes: ["other:thing"], ttlSeconds: 60 })
        const refused = yield* send({
          ...asked,
          headers: { ...headersOf(operation), authorization: `Bearer ${powerless}` }
        })
        assert.strictEqual(refused.status, 403, refused.body)
        assert.lengthOf(store.dump().events, events)
      })
    )
  }
})
