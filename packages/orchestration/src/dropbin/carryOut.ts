/**
 * A payload becomes a scheduled order: one look at one ingestion, which brings it to its end or says when to look again.
 *
 * Every step can be done again: the order's id and the id of each command follow from the ingestion, what has ended is left alone, and an
 * order that is there is not made again, whatever its payload's host says by then. So it does not matter between which steps a process dies,
 * or that two look at once.
 */
import { backoff, type Backoff } from "@dueline/contracts/backoff"
import { systemEnvelope } from "@dueline/contracts/Envelope"
import type { CorrelationId, EpochMillis, OrderId, TenantId } from "@dueline/contracts/Ids"
import { DropbinContent, type DropbinFailure, type OrderAsked } from "@dueline/contracts/ingestion/Dropbin"
import { failuresNow, type IngestionId, type IngestionRow } from "@dueline/contracts/ingestion/Ingestion"
import type { Command, OutcomeOf, RejectionOf } from "@dueline/contracts/kinds"
import type { OrderRejection } from "@dueline/contracts/order/Order"
import { scheduleConflict } from "@dueline/contracts/order/scheduleConflict"
import { HttpClient } from "@dueline/contracts/ports/HttpClient"
import { OpsQueries } from "@dueline/contracts/ports/Queries"
import { type Answer, isTransient, Orchestrator, type Refusal } from "@dueline/contracts/ports/Orchestrator"
import { PayloadSources } from "@dueline/contracts/ports/Admission"
import { ingestionContext, SecretVault } from "@dueline/contracts/ports/Vaults"
import { CurrentTrace } from "@dueline/contracts/telemetry/Tracing"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { Clock, Effect, Schema } from "effect"
import { fetchPayload, type FetchTrouble } from "./fetchPayload.ts"

/** How often a payload is asked for, and how long to wait in between. */
export interface FetchPolicy {
  readonly attempts: number
  readonly backoff: Backoff
}

/** Some three minutes in all. */
export const defaultFetchPolicy: FetchPolicy = { attempts: 8, backoff: { initialMs: 2_000, maxMs: 60_000 } }

type PayloadErrors = DropbinFailure["errors"]

/** What the program gives: how ids and digests are made, and how bytes are read. */
export interface DropbinParts {
  /** The order that an ingestion becomes; the same for ever. */
  readonly orderIdOf: (tenantId: TenantId, ingestionId: IngestionId) => OrderId
  /** SHA-256 as `sha-256=:…:` (RFC 9530). */
  readonly digestOf: (bytes: Uint8Array) => string
  /** Or what is wrong with it, place by place. */
  readonly readPayload: (
    tenantId: TenantId,
    orderId: OrderId,
    bytes: Uint8Array
  ) => Effect.Effect<OrderAsked, PayloadErrors>
}

/** `afterMs`: when to look again; null when there is nothing more to do. */
export type Look = { readonly afterMs: number | null }
const done: Look = { afterMs: null }

/** The store or the writer cannot be asked at the moment: nothing happened, and nothing is to blame for it. */
export interface NotNow {
  readonly _tag: "NotNow"
  readonly reason: string
}
const notNow = ({ _tag }: { readonly _tag: string }): NotNow => ({ _tag: "NotNow", reason: _tag })

/** No order will come of it. */
interface Impossible {
  readonly _tag: "Impossible"
  readonly failure: DropbinFailure
}
const impossible = (code: DropbinFailure["code"], detail: string, more: Partial<DropbinFailure> = {}): Impossible => ({
  _tag: "Impossible",
  failure: { code, detail, errors: [], orders: [], freeWindows: [], ...more }
})

/** It may come of it later. */
interface Away {
  readonly _tag: "Away"
  readonly trouble: FetchTrouble
}

const lost = impossible(
  "payload_lost",
  "What was sent cannot be read any more: send it again under a new Idempotency-Key."
)

const binAdvice = {
  not_found: "There is no such bin in this tenant",
  retired: "The bin is retired for good",
  in_maintenance: "The bin is in maintenance",
  of_another_customer: "The bin is kept for another customer"
} as const
const customerAdvice = {
  not_found: "There is no such customer in this tenant",
  erased: "The customer was erased"
} as const
const anew = "and send it again under a new Idempotency-Key."

/** Refusals of an order that is made at once. `OrderWindowTaken` is told with details, by whoever has the store. */
const refusedOrder = (rejection: Exclude<OrderRejection, { readonly _tag: "OrderWindowTaken" }>): Impossible => {
  switch (rejection._tag) {
    case "OrderBinUnfit":
      return impossible("bin_unfit", `${binAdvice[rejection.reason]}: name another bin, ${anew}`)
    case "OrderCustomerUnfit":
      return impossible("customer_unfit", `${customerAdvice[rejection.reason]}: name another customer, ${anew}`)
    default:
      return impossible("order_refused", `The order was refused (${rejection._tag}): look at the payload, ${anew}`)
  }
}

export type CarryOut = (tenantId: TenantId, ingestionId: IngestionId) => Effect.Effect<Look, NotNow>

const decodeContent = Schema.decodeUnknownEffect(DropbinContent)

export const makeCarryOut = Effect.fnUntraced(function* (
  { digestOf, orderIdOf, readPayload }: DropbinParts,
  policy: FetchPolicy = defaultFetchPolicy
) {
  const orchestrator = yield* Orchestrator
  const queries = yield* OpsQueries
  const vault = yield* SecretVault
  const { payloadRetries, payloadsEnded } = yield* Metrics
  const fetch = fetchPayload(yield* HttpClient, yield* PayloadSources, digestOf)

  const ask = <C extends Command>(
    row: IngestionRow,
    step: string,
    command: C
  ): Effect.Effect<Answer<OutcomeOf<C>>, Refusal<RejectionOf<C>>> =>
    orchestrator.ask(systemEnvelope("dropbin", row, `dropbin:${row.ingestionId}:${step}`, command))

  const now = Effect.map(Clock.currentTimeMillis, (millis) => millis as EpochMillis)

  /** The order that is asked for, from under the seal or from where its payload lies. */
  const orderAsked = Effect.fnUntraced(function* (
    { dropbin, ingestionId, tenantId }: IngestionRow,
    orderId: OrderId
  ): Effect.fn.Return<OrderAsked, NotNow | Impossible | Away> {
    const sealed = yield* Effect.mapError(queries.sealed("ingestion", tenantId, ingestionId), notNow)
    if (sealed === null) return yield* Effect.fail(lost)
    const text = yield* Effect.mapError(vault.open(sealed, ingestionContext(tenantId, ingestionId)), () => lost)
    const content = yield* Effect.mapError(decodeContent(text), () => lost)
    if ("order" in content) return content.order
    const reference = dropbin?.reference
    if (reference === undefined || reference === null) return yield* Effect.fail(lost)
    const bytes = yield* Effect.mapError(fetch(tenantId, content.uri, reference), (trouble): Impossible | Away =>
      trouble.retry ? { _tag: "Away", trouble } : impossible(trouble.code, trouble.detail)
    )
    return yield* Effect.mapError(readPayload(tenantId, orderId, bytes), (errors) =>
      impossible("payload_invalid", `Correct what \`errors\` lists, ${anew}`, { errors })
    )
  })

  const makeOrder = Effect.fnUntraced(function* (
    row: IngestionRow,
    orderId: OrderId
  ): Effect.fn.Return<void, NotNow | Impossible | Away> {
    const { correlationId, ingestionId, tenantId } = row
    const there = yield* Effect.mapError(queries.find("order", tenantId, orderId), notNow)
    if (there !== null) return
    const { items, window, ...fixed } = yield* orderAsked(row, orderId)
    yield* Effect.catch(
      ask(row, "order", {
        _tag: "CreateOrder",
        orderId,
        at: yield* now,
        terms: {
          ...fixed,
          origin: { correlationId: correlationId as CorrelationId, traceparent: yield* CurrentTrace }
        },
        window,
        items,
        schedule: true,
        fingerprint: `dropbin:${ingestionId}`
      }),
      (refusal): Effect.Effect<never, NotNow | Impossible> => {
        if (isTransient(refusal)) return Effect.fail(notNow(refusal))
        if (refusal._tag === "OrderWindowTaken") {
          return Effect.flatMap(Effect.mapError(scheduleConflict(queries, tenantId, refusal), notNow), (conflict) => {
            const detail = `Another order holds the bin: choose another bin or one of the free windows, ${anew}`
            return Effect.fail(impossible("schedule_conflict", detail, conflict))
          })
        }
        return Effect.fail(refusedOrder(refusal as Parameters<typeof refusedOrder>[0]))
      }
    )
  })

  /** What was ended by another look meanwhile is as good as ended by this one. */
  const end = (row: IngestionRow, step: string, result: string, command: Command): Effect.Effect<Look, NotNow> =>
    Effect.matchEffect(ask(row, step, command), {
      onFailure: (refusal) => (isTransient(refusal) ? Effect.fail(notNow(refusal)) : Effect.succeed(done)),
      onSuccess: () =>
        Effect.sync(() => {
          payloadsEnded.of(result).add()
          return done
        })
    })

  const complete = Effect.fnUntraced(function* (row: IngestionRow, orderId: OrderId) {
    const { ingestionId } = row
    const at = yield* now
    return yield* end(row, "complete", "completed", { _tag: "CompleteIngestion", ingestionId, at, orderId })
  })

  const fail = Effect.fnUntraced(function* (row: IngestionRow, { failure }: Impossible) {
    const { ingestionId, tenantId } = row
    const orderId = orderIdOf(tenantId, ingestionId)
    // Another look, which was given up and went on, may make the order until this one has failed: then the payload is carried out.
    const isMade = Effect.mapError(queries.find("order", tenantId, orderId), notNow).pipe(
      Effect.map((order) => order !== null)
    )
    if (yield* isMade) return yield* complete(row, orderId)
    const ended = yield* end(row, `fail:${row.replayed?.replay ?? 0}`, failure.code, {
      _tag: "FailIngestion",
      ingestionId,
      at: yield* now,
      reason: `${failure.code}: ${failure.detail}`,
      failure
    })
    return (yield* isMade) ? yield* complete(row, orderId) : ended
  })

  const postpone = Effect.fnUntraced(function* (
    row: IngestionRow,
    { code, detail }: FetchTrouble
  ): Effect.fn.Return<Look, NotNow> {
    const { failures, ingestionId } = row
    const failed = failuresNow(row) + 1
    if (failed >= policy.attempts) {
      const told = `All ${policy.attempts} attempts failed, the last one so: ${detail}. Send it again under a new Idempotency-Key when the host is there.`
      return yield* fail(row, impossible(code, told))
    }
    const afterMs = yield* backoff(policy.backoff, failed)
    const at = yield* now
    const command = {
      _tag: "RetryIngestion",
      ingestionId,
      at,
      reason: detail,
      dueAt: (at + afterMs) as EpochMillis
    } as const
    yield* Effect.mapError(ask(row, `retry:${failures}`, command), notNow)
    payloadRetries.add()
    return { afterMs }
  })

  const carryOut: CarryOut = Effect.fnUntraced(function* (tenantId, ingestionId) {
    const row = yield* Effect.mapError(queries.find("ingestion", tenantId, ingestionId), notNow)
    const dueAt = row?.dropbin?.dueAt ?? null
    if (row === null || dueAt === null) return done
    const early = dueAt - (yield* now)
    if (early > 0) return { afterMs: early }
    const orderId = orderIdOf(tenantId, ingestionId)
    const made = yield* Effect.result(makeOrder(row, orderId))
    if (made._tag === "Success") return yield* complete(row, orderId)
    switch (made.failure._tag) {
      case "NotNow":
        return yield* Effect.fail(made.failure)
      case "Impossible":
        return yield* fail(row, made.failure)
      case "Away":
        return yield* postpone(row, made.failure.trouble)
    }
  })
  return carryOut
})
