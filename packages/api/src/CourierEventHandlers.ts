/**
 * Couriers' events, taken in under the signature of their source: no token, and no tenant until the source is found. What tells a source that
 * is there from one that is not, or one fault of a signature from another, stands in the tenant's record and never in the answer.
 */
import { systemActor } from "@dueline/contracts/Intent"
import { Api } from "@dueline/contracts/api/Api"
import { parseInstant } from "@dueline/contracts/api/Wire"
import { CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import { schemePresets } from "@dueline/contracts/courierSource/SignatureScheme"
import type { CommandId, EpochMillis, IdempotencyKey } from "@dueline/contracts/Ids"
import type { IngestionRejection, RejectionReason } from "@dueline/contracts/ingestion/Ingestion"
import { CourierEvent, type IngestionReceipt, sourceHeader } from "@dueline/contracts/ingestion/IngestionEndpoints"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { ingestionContext, SecretVault } from "@dueline/contracts/ports/SecretVault"
import { derivedId } from "@dueline/identity/derivedId"
import { checkSignature, type HeaderList, type SignedRequest } from "@dueline/secrets/requestSignature"
import { Effect, Layer, Result, Schema } from "effect"
import { type HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { hash } from "node:crypto"
import { answer } from "./answer.ts"
import { now, traceparentOf } from "./asking.ts"
import { CurrentCorrelationId } from "./Correlation.ts"
import { discreetProblems } from "./fieldProblems.ts"
import { type KnownSource, KnownSources } from "./KnownSources.ts"
import { KnownTenants } from "./KnownTenants.ts"
import { leanGroup } from "./leanGroup.ts"
import { RequestLimits, tooMany } from "./RateLimits.ts"
import type { Raw } from "./Raw.ts"
import { notFound, refusedCreation, type Refusals } from "./refusal.ts"
import { orDeny, reject } from "./reject.ts"
import { bodyBytes, singleNamesDecoder } from "./requestBody.ts"
import { RequestPlaces } from "./RequestPlaces.ts"
import { makeRejections } from "./signatureRejections.ts"

/** Events under way at once, each with a body of up to 256 KiB; of one source as many as there is room left. */
const placesForEvents = 512

const isSourceId = Schema.is(CourierSourceId)

/** Stands for a source whose name is none: it is looked for as any other. */
const nobodys = "00000000-0000-0000-0000-000000000000" as CourierSourceId

const refusals = {
  IngestionNotFound: notFound("ingestion_not_found"),
  IngestionIdTaken: {
    code: "event_id_reused",
    advice: "Give another event another `id`: this one stands for another body, which was taken in."
  },
  IngestionEnded: { code: "event_id_reused", advice: "Give another event another `id`.", existing: true }
} as const satisfies Refusals<IngestionRejection>

const refusedEvent = refusedCreation(refusals)

/** One and the same for whatever is wrong. */
const unsigned = reject(
  "signature_refused",
  "Check the source's id, its scheme (each header once), the secret and the clock; sign the bytes that are sent. The tenant finds the reason " +
    "under `/ops/ingestions?status=Rejected`."
)

const crowded = reject(
  "overloaded",
  "This source has as many events under way as it may. Nothing happened; send it again after the time in Retry-After."
)

/** As they were sent, one entry each: the framework joins those of one name. */
const headersOf = ({ headers, source }: HttpServerRequest.HttpServerRequest): HeaderList => {
  const raw = (source as { readonly rawHeaders?: ReadonlyArray<string> }).rawHeaders
  if (raw === undefined) return Object.entries(headers).map(([name, value]) => [name, String(value)])
  return Array.from({ length: raw.length / 2 }, (_, index) => [
    (raw[2 * index] ?? "").toLowerCase(),
    raw[2 * index + 1] ?? ""
  ])
}

const readEvent = singleNamesDecoder(CourierEvent, discreetProblems)

const checked = ({ row, secrets }: KnownSource, request: SignedRequest, at: number) => ({
  row,
  check: checkSignature(
    {
      scheme: row?.scheme ?? schemePresets["standard-webhooks"],
      secrets: secrets(at),
      toleranceMs: row?.toleranceMs ?? 0,
      now: at
    },
    request
  )
})

const makeReceive = Effect.gen(function* () {
  const sources = yield* KnownSources
  const vault = yield* SecretVault
  const orchestrator = yield* Orchestrator
  const { counted } = yield* RequestLimits
  const rejected = yield* makeRejections
  const tenants = yield* KnownTenants
  const places = new RequestPlaces<CourierSourceId>(placesForEvents)

  const receive = Effect.fnUntraced(function* (id: CourierSourceId, request: HttpServerRequest.HttpServerRequest) {
    const body = yield* bodyBytes(request)
    const at = yield* now
    const correlationId = yield* CurrentCorrelationId
    const signed = { headers: headersOf(request), body }
    const remembered = checked(sources.remembered(id, at), signed, at)
    // Nobody is refused for what is remembered, and each refusal is the same work.
    const { check, row } = remembered.check.accepted ? remembered : checked(yield* sources.find(id, at), signed, at)
    const note = (reason: RejectionReason) => {
      if (row === null) return
      const { courierSourceId, tenantId } = row
      rejected({ tenantId, courierSourceId, reason, bodyBytes: body.length, correlationId })
    }
    if (row === null || !check.accepted) {
      if (!check.accepted) note(row?.status === "Disabled" ? "source_disabled" : check.problem)
      return yield* unsigned
    }
    // Only what is signed counts: nobody else can use up what a tenant may send.
    const limited = counted("courier", row.tenantId)
    const tooOften = limited === null ? null : yield* limited.begin
    if (tooOften !== null) return yield* tooMany(tooOften)
    const decoded = readEvent(body)
    if (Result.isFailure(decoded)) note("body_invalid")
    const { text, value: event } = yield* orDeny(decoded)
    const { courierSourceId, tenantId } = row
    yield* tenants.require(tenantId)
    const ingestionId = derivedId("ingestion", tenantId, `${courierSourceId}:${event.id}` as IdempotencyKey)
    const digest = hash("sha256", body, "base64url")
    const given = yield* Effect.catch(
      orchestrator.ask({
        tenantId,
        commandId: `receive-ingestion:${ingestionId}:${digest}` as CommandId,
        correlationId,
        actor: systemActor(`courier-source:${courierSourceId}`),
        traceparent: traceparentOf(request.headers),
        idempotency: null,
        expectedVersion: null,
        command: {
          _tag: "ReceiveIngestion",
          ingestionId,
          at,
          courierSourceId,
          event: {
            eventId: event.id,
            type: event.type,
            trackingReference: event.trackingReference,
            occurredAt: parseInstant(event.occurredAt, "down") as EpochMillis,
            orderId: event.orderId ?? null
          },
          delivery: check.delivery,
          bodyBytes: body.length,
          digest,
          origin: { correlationId, traceparent: traceparentOf(request.headers) },
          sealed: vault.seal(text, ingestionContext(tenantId, ingestionId))
        }
      }),
      (refusal) => refusedEvent(refusal, tenantId)
    )
    const self = `/ops/ingestions/${ingestionId}`
    const receipt: IngestionReceipt = {
      id: ingestionId,
      status: given.outcome.ingestion.status,
      version: given.version,
      links: { self }
    }
    const answered = answer(202, receipt, { replayed: given.replayed, location: self })
    return limited === null ? answered : HttpServerResponse.setHeaders(answered, limited.headers)
  })

  /** Bounded before anything is read: nobody has shown a right yet. */
  return (source: string, request: HttpServerRequest.HttpServerRequest) =>
    Effect.suspend(() => {
      const text = source.toLowerCase()
      const id = isSourceId(text) ? text : nobodys
      const leave = places.enter(id)
      return leave === null ? crowded : Effect.ensuring(receive(id, request), Effect.sync(leave))
    })
})

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const receive = yield* makeReceive
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "courier-events", (handlers) =>
        handlers
          .handleRaw("receive", ({ params, request }: Raw<"courier-events", "receive">) =>
            receive(params.source, request)
          )
          .handleRaw("receiveByHeader", ({ headers, request }: Raw<"courier-events", "receiveByHeader">) =>
            receive(headers[sourceHeader], request)
          )
      )
    )
  })
)
