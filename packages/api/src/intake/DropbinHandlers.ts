/** The drop-bin over HTTP: a payload is looked at as far as it is there, sealed, and kept; what follows happens in the background. */
import { Principal } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import type { Unprocessable } from "@dueline/contracts/api/ProblemError"
import type { TenantId } from "@dueline/contracts/Ids"
import { Dropbin as DropbinBody } from "@dueline/contracts/ingestion/DropbinEndpoints"
import type { DropbinContent, PayloadReference } from "@dueline/contracts/ingestion/Dropbin"
import type { IngestionId, IngestionRejection } from "@dueline/contracts/ingestion/Ingestion"
import type { IngestionReceipt } from "@dueline/contracts/ingestion/IngestionEndpoints"
import { PayloadSources, RequestIntake } from "@dueline/contracts/ports/Admission"
import { ingestionContext, SecretVault } from "@dueline/contracts/ports/Vaults"
import { derivedDropbinId, dropbinOrderId } from "@dueline/identity/derivedId"
import { randomUuidV7 } from "@dueline/identity/randomId"
import { Effect, Layer, Result } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { answer } from "../requests/answer.ts"
import { fingerprint, makeAsk, now, type Raw, traceparentOf } from "../resources/asking.ts"
import { CurrentCorrelationId } from "../requests/headers.ts"
import { orderAskedOf } from "./dropbinOrder.ts"
import { leanGroup } from "../server/leanGroup.ts"
import { keyReused, notFound, orDeny, type Refusals, refusedCreation, reject } from "../requests/refusal.ts"
import { bodyBytes, bodyDecoder } from "../requests/requestBody.ts"

const path = "/ops/ingest/dropbin"

const refusals = {
  IngestionNotFound: notFound("ingestion_not_found"),
  IngestionIdTaken: keyReused,
  IngestionEnded: { code: "idempotency_key_reused", advice: "Use a new Idempotency-Key.", existing: true }
} as const satisfies Refusals<IngestionRejection>

const refused = refusedCreation(refusals)

const read = bodyDecoder(DropbinBody)

interface Kept {
  readonly reference: PayloadReference | null
  readonly content: DropbinContent
}

const makeDrop = Effect.gen(function* () {
  const intake = yield* RequestIntake
  const sources = yield* PayloadSources
  const vault = yield* SecretVault
  const ask = yield* makeAsk

  /** What would be refused later for certain is refused now. */
  const keptOf = (
    { payload, payloadRef }: DropbinBody,
    tenantId: TenantId,
    id: IngestionId
  ): Effect.Effect<Kept, Unprocessable> => {
    if (payload !== undefined) {
      const asked = orderAskedOf(intake, tenantId, dropbinOrderId(tenantId, id), payload, "body.payload")
      return Effect.map(asked, (order) => ({ reference: null, content: { order } }))
    }
    if (payloadRef === undefined)
      return Effect.die(new Error("a body with neither payload nor payloadRef was let through"))
    const source = sources.check(payloadRef.uri, tenantId)
    if (Result.isSuccess(source)) {
      const { href, shown } = source.success
      return Effect.succeed({ reference: { uri: shown, digest: payloadRef.digest }, content: { uri: href } })
    }
    return reject("payload_ref_refused", "Correct what `errors` lists: such a payload is never fetched.", {
      errors: [{ path: "body.payloadRef.uri", ...source.failure }]
    })
  }

  return Effect.fnUntraced(function* ({ headers, request }: Raw<"dropbin", "drop">) {
    const bytes = yield* bodyBytes(request)
    const body = yield* orDeny(read(bytes))
    const { tenantId } = yield* Principal
    const key = headers["idempotency-key"]
    const ingestionId = key === undefined ? ((yield* randomUuidV7) as IngestionId) : derivedDropbinId(tenantId, key)
    const { content, reference } = yield* keptOf(body, tenantId, ingestionId)
    const print = key === undefined ? null : fingerprint("POST", path, body)
    const origin = { correlationId: yield* CurrentCorrelationId, traceparent: traceparentOf(request.headers) }
    const question = { request, headers, name: "dropbin", id: ingestionId, fingerprint: print, expectedVersion: null }
    const given = yield* Effect.catch(
      ask(question, {
        _tag: "ReceiveDropbin",
        ingestionId,
        at: yield* now,
        reference,
        bodyBytes: bytes.byteLength,
        fingerprint: print,
        origin,
        sealed: vault.seal(JSON.stringify(content), ingestionContext(tenantId, ingestionId))
      }),
      (refusal) => refused(refusal, tenantId)
    )
    const self = `/ops/ingestions/${ingestionId}`
    const { status } = given.outcome.ingestion
    const receipt: IngestionReceipt = { id: ingestionId, status, version: given.version, links: { self } }
    return answer(202, receipt, { replayed: given.replayed, location: self })
  })
})

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const drop = yield* makeDrop
    return yield* leanGroup(HttpApiBuilder.group(Api, "dropbin", (handlers) => handlers.handleRaw("drop", drop)))
  })
)
