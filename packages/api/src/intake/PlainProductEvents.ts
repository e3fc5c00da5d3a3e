/**
 * Takes reports of product events from Node itself when they are plain, as `calls/PlainSubmissions` does with submissions and for the same reason: a
 * key that was found good within the last minute, JSON of a known length. Nothing is decided here that the routed way decides too: that stands in
 * `productReports`. A test sends the same requests both ways and compares the answers byte by byte.
 */
import { RequiredScope } from "@dueline/contracts/api/Access"
import { type Denial, denied, type Details, storeUnavailable } from "../requests/refusal.ts"
import type { ErrorCode } from "@dueline/contracts/api/ProblemError"
import { CountedAs } from "@dueline/contracts/api/RateLimit"
import type { ApiKeyRow } from "@dueline/contracts/apiKey/ApiKey"
import { SchemaVersion } from "@dueline/contracts/productEvent/ProductEvent"
import { ProductEventReports } from "@dueline/contracts/productEvent/ProductEventEndpoints"
import { keyPrefix } from "@dueline/identity/apiKeyText"
import { Cause, Clock, Context, Effect, Exit, Layer, Schema } from "effect"
import type { IncomingHttpHeaders } from "node:http"
import { ApiKeyAccess, keySubject } from "../access/ApiKeyAccess.ts"
import { AuditNotes, noteRefused } from "../access/AuditNotes.ts"
import { KnownTenants } from "../access/KnownTenants.ts"
import { type Counted, crowded, type RateDenial, RateCharge, RequestLimits, tooMany } from "../access/RateLimits.ts"
import { defaultEdgeLimits, type EdgeLimits } from "../Edge.ts"
import type { Reply } from "../requests/answer.ts"
import { CurrentCorrelationId } from "../requests/headers.ts"
import { Patience } from "../server/Deadline.ts"
import { type Exchange, isPlain, makeExchanges } from "../server/plainExchanges.ts"
import { PlainRequests } from "../server/PlainRequests.ts"
import { makeReports } from "./productReports.ts"
import { reportIn } from "./reportBody.ts"

const operations = ["track", "identify", "batch"] as const
type Operation = (typeof operations)[number]
const byPath = new Map(operations.map((operation) => [`/v1/events/${operation}`, operation]))

const isVersion = Schema.is(SchemaVersion)
const bearer = "Bearer "

interface ReportExchange extends Exchange {
  readonly operation: Operation
  readonly key: ApiKeyRow
  readonly schemaVersion: string | undefined
  readonly limited: Counted | null
}

/** What was sent for a key, where that is plain to see: a bearer's counts first. */
const keyIn = ({ authorization, "x-api-key": own }: IncomingHttpHeaders): string | null => {
  if (authorization === undefined) return typeof own === "string" ? own : null
  return authorization.startsWith(bearer + keyPrefix) ? authorization.slice(bearer.length) : null
}

/** A problem as it fails an effect. */
interface Problem extends Details {
  readonly code: ErrorCode | "rate_limited"
  readonly detail: string
  readonly retryAfterSeconds?: number | null
}

const denialOf = ({ code, conflict, detail, errors, retryAfterSeconds }: Problem): Denial | RateDenial => {
  if (code === "rate_limited") return { code, detail, retryAfterSeconds: retryAfterSeconds ?? null }
  const details = { ...(errors === undefined ? {} : { errors }), ...(conflict === undefined ? {} : { conflict }) }
  return denied(code, detail, details)
}

export const layer = (limits: EdgeLimits = defaultEdgeLimits) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const reports = yield* makeReports
      const keys = yield* ApiKeyAccess
      const tenants = yield* KnownTenants
      const notes = yield* AuditNotes
      const patience = yield* Patience
      const { counted, places, turns } = yield* RequestLimits
      const clock = yield* Clock.Clock
      const counts = Context.getOrUndefined(ProductEventReports.annotations, CountedAs)
      const scopes = new Map(
        operations.map((operation) => [
          operation,
          Context.getOrUndefined(ProductEventReports.endpoints[operation].annotations, RequiredScope)
        ])
      )
      const exchanges = yield* makeExchanges<ReportExchange>({
        about: ({ key: { tenantId } }) => ({ tenantId }),
        refused: ({ correlationId, key: { apiKeyId, tenantId }, operation }, code) =>
          noteRefused(notes, {
            tenantId,
            subject: keySubject(apiKeyId),
            action: `product-events.${operation}`,
            resource: null,
            code,
            correlationId
          })
      })
      const { answer, fail, readInTurn, refuse, run, unlessLimited } = exchanges

      const settle = (exchange: ReportExchange, exit: Exit.Exit<Reply, Problem>): void => {
        if (Exit.isSuccess(exit)) return answer(exchange, exit.value)
        const reason = exit.cause.reasons.find(Cause.isFailReason)
        return reason === undefined
          ? fail(exchange, exit.cause as Cause.Cause<never>)
          : refuse(exchange, denialOf(reason.error))
      }

      const take = (exchange: ReportExchange, bytes: Uint8Array): void => {
        const { correlationId, key, limited, operation, request, schemaVersion } = exchange
        const { apiKeyId: id, tenantId, workspace } = key
        const by = { tenantId, apiKey: { id, workspace }, schemaVersion }
        const taken = Effect.flatMap(reportIn(bytes), (report) => reports[operation](by, report))
        const charged =
          limited === null
            ? taken
            : Effect.provideService(taken, RateCharge, (changes) =>
                Effect.flatMap(limited.charge(changes), (denial) => (denial === null ? Effect.void : tooMany(denial)))
              )
        const asked: Effect.Effect<Reply, Problem> = patience
          .within(
            "ask",
            request
          )(charged)
          .pipe(
            Effect.catchTag("StoreUnavailable", storeUnavailable),
            Effect.provideService(CurrentCorrelationId, correlationId)
          )
        run(exchange, asked).addObserver((exit) => settle(exchange, exit))
      }

      /** The row of a key that is good for it; null when that has to be found out on the routed way. */
      const goodFor = (operation: Operation, headers: IncomingHttpHeaders): ApiKeyRow | null => {
        const text = keyIn(headers)
        const row = text === null ? null : keys.known(text, clock.currentTimeMillisUnsafe())
        const scope = scopes.get(operation)
        return row !== null && scope !== undefined && row.scopes.includes(scope) && tenants.has(row.tenantId)
          ? row
          : null
      }

      const { listen } = yield* PlainRequests
      yield* listen((request, response) => {
        const operation = byPath.get(request.url ?? "")
        if (operation === undefined || request.method !== "POST" || exchanges.isDraining()) return false
        const { headers } = request
        if (!isPlain(request, limits.maxBodyBytes)) return false
        const schemaVersion = headers["x-event-schema-version"]
        if (schemaVersion !== undefined && !isVersion(schemaVersion)) return false
        const key = goodFor(operation, headers)
        if (key === null) return false
        const leave = places.enter(key.tenantId)
        const limited = leave === null ? null : counted(counts, key.tenantId)
        const exchange: ReportExchange = {
          ...exchanges.begun(request, response),
          operation,
          key,
          schemaVersion,
          leave,
          limited,
          limits: () => limited?.headers ?? {}
        }
        exchanges.open(exchange)
        if (leave === null) refuse(exchange, crowded)
        else
          unlessLimited(exchange, limited === null ? null : limited.begin, () =>
            readInTurn(exchange, turns, key.tenantId, take)
          )
        return true
      })
    })
  )
