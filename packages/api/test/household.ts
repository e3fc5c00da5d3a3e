/** One of each kind of thing, and requests for each operation on them: for tests that walk the API's own document. */
import { assert } from "@effect/vitest"
import { CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import type { CommandId, CorrelationId, EpochMillis, StreamId } from "@dueline/contracts/Ids"
import { SessionId } from "@dueline/contracts/session/Session"
import { drawSecret, readSecret } from "@dueline/identity/sessionSecret"
import { ShipmentId } from "@dueline/contracts/shipment/Shipment"
import { schemePresets } from "@dueline/contracts/courierSource/SignatureScheme"
import { signRequest } from "@dueline/secrets/requestSignature"
import { Effect } from "effect"
import type { Operation } from "./conformance.ts"
import { Edge, tenant } from "./Edge.ts"

const json = { "content-type": "application/json" }

/** One of each kind of thing, made by the tenant; what the paths of the API name by `{id}`. */
export const household = Effect.gen(function* () {
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

/** The document's own example, in the years in which the test's clock stands. */
export const bodyOf = (operation: Operation): string | undefined => {
  const example = operation.requestBody?.content["application/json"]?.example
  return operation.requestBody === undefined
    ? undefined
    : JSON.stringify(example ?? {}).replaceAll(/"20\d\d-/gu, '"1970-')
}

export const headersOf = (operation: Operation) => ({
  ...(operation.requestBody === undefined ? {} : json),
  ...(["PATCH", "POST"].includes(operation.method) ? { "if-match": '"1"' } : {})
})

export const kindOf = (path: string): string => path.split("/").slice(0, 3).join("/")
