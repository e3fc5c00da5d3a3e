/** Ingestions over HTTP: read only, and never with what came in. */
import { Api } from "@dueline/contracts/api/Api"
import { formatInstant } from "@dueline/contracts/api/Wire"
import type { CorrelationId } from "@dueline/contracts/Ids"
import type { DropbinFacts } from "@dueline/contracts/ingestion/Dropbin"
import { type IngestionRow, type RejectionReason, sourceOf } from "@dueline/contracts/ingestion/Ingestion"
import type { IngestionView } from "@dueline/contracts/ingestion/IngestionEndpoints"
import { signatureAdvice } from "@dueline/secrets/requestSignature"
import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { leanGroup } from "../server/leanGroup.ts"
import type { Raw } from "../resources/asking.ts"
import { equals, makeReads } from "../resources/resourceReads.ts"
import { conflictOf } from "../ops/orderTerms.ts"

const advice: Readonly<Record<RejectionReason, string>> = {
  ...signatureAdvice,
  source_disabled: "Send to another source: this one was disabled.",
  body_invalid: "Send a body of the form that the documentation shows; the answer said what was wrong."
}

const dropbinOf = ({ dueAt, failure, orderId, reference }: DropbinFacts): NonNullable<IngestionView["dropbin"]> => ({
  reference,
  orderId,
  nextAttemptAt: dueAt === null ? null : formatInstant(dueAt),
  failure: failure === null ? null : { ...failure, ...conflictOf(failure) }
})

const viewOf = (row: IngestionRow): IngestionView => ({
  id: row.ingestionId,
  source: sourceOf(row),
  sourceId: row.courierSourceId,
  status: row.status,
  bodyBytes: row.bodyBytes,
  event:
    row.event === null
      ? null
      : {
          id: row.event.eventId,
          type: row.event.type,
          trackingReference: row.event.trackingReference,
          occurredAt: formatInstant(row.event.occurredAt),
          orderId: row.event.orderId
        },
  delivery: row.delivery,
  rejection: row.rejection === null ? null : { ...row.rejection, advice: advice[row.rejection.reason] },
  failures: row.failures,
  attempts: row.attempts.map(({ at, reason }) => ({ at: formatInstant(at), reason })),
  dropbin: row.dropbin === undefined ? null : dropbinOf(row.dropbin),
  createdAt: formatInstant(row.createdAt),
  updatedAt: formatInstant(row.updatedAt),
  endedAt: row.endedAt === null ? null : formatInstant(row.endedAt),
  version: row.version,
  correlationId: row.correlationId as CorrelationId,
  links: { self: `/ops/ingestions/${row.ingestionId}` }
})

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const { get, list } = yield* makeReads("ingestion")
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "ingestions", (handlers) =>
        handlers
          .handle(
            "list",
            list(
              ({ eventId, source, sourceId, status, trackingReference }: Raw<"ingestions", "list">["query"]) =>
                equals({ source, courierSourceId: sourceId, status, eventId, trackingReference }),
              viewOf
            )
          )
          .handle("get", get(viewOf))
      )
    )
  })
)
