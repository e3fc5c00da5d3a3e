/**
 * Takes submissions from Node itself when they are plain, which nearly all are: a known token, JSON of a known length, no wish that needs
 * more than one answer. The framework's way through router, middlewares and encoders costs more than all the rest of a submission.
 *
 * Nothing is decided here that the routed way decides too: what a request means, what is refused and how that is said stand in
 * `Submissions`, `RateLimits` and `answer`. A test sends the same requests both ways and compares the answers byte by byte.
 */
import { RequiredScope } from "@dueline/contracts/api/Access"
import { ServiceCalls, submit } from "@dueline/contracts/api/ServiceCallEndpoints"
import { CountedAs } from "@dueline/contracts/api/RateLimit"
import { IdempotencyKey, type TenantId } from "@dueline/contracts/Ids"
import type { Answer } from "@dueline/contracts/ports/Orchestrator"
import type { AccessToken } from "@dueline/identity/AccessToken"
import { TokenVerifier } from "@dueline/identity/TokenVerifier"
import { Clock, Context, Effect, Exit, Layer, Result, Schema } from "effect"
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http"
import { isCorrelationId } from "../requests/headers.ts"
import { defaultEdgeLimits, type EdgeLimits } from "../Edge.ts"
import { ApiKeyAccess } from "../access/ApiKeyAccess.ts"
import { AuditNotes, noteRefused } from "../access/AuditNotes.ts"
import { KnownTenants } from "../access/KnownTenants.ts"
import { type Exchange, isPlain, makeExchanges } from "../server/plainExchanges.ts"
import { PlainRequests } from "../server/PlainRequests.ts"
import { type Counted, crowded, RequestLimits } from "../access/RateLimits.ts"
import type { Denial } from "../requests/refusal.ts"
import { acceptedReply, type Asker, Submissions } from "./Submissions.ts"

const path = "/v1/service-calls"
const batchPath = `${path}/batch`

const isIdempotencyKey = Schema.is(IdempotencyKey)
const bearer = "Bearer "

interface CallExchange extends Exchange, Asker {
  readonly principal: { readonly tenantId: TenantId; readonly subject: string }
  readonly request: IncomingMessage
  readonly isBatch: boolean
  readonly key: IdempotencyKey | undefined
  readonly limited: Counted | null
}

/** Null when the way to tell whether the key is one, or what it is for, is another. */
const keyOf = (headers: IncomingHttpHeaders, isBatch: boolean): IdempotencyKey | undefined | null => {
  const key = headers["idempotency-key"]
  if (key === undefined) return undefined
  return !isBatch && isIdempotencyKey(key) ? key : null
}

export const layer = (limits: EdgeLimits = defaultEdgeLimits) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const submissions = yield* Submissions
      const verifier = yield* TokenVerifier
      const tenants = yield* KnownTenants
      const keys = yield* ApiKeyAccess
      const { counted, places, turns } = yield* RequestLimits
      const context = yield* Effect.context<never>()
      const clock = Context.get(context, Clock.Clock)
      const scope = Context.getOrUndefined(submit.annotations, RequiredScope)
      const counts = Context.getOrUndefined(ServiceCalls.annotations, CountedAs)
      const notes = yield* AuditNotes
      const exchanges = yield* makeExchanges<CallExchange>({
        about: ({ principal: { tenantId } }) => ({ tenantId }),
        refused: ({ correlationId, isBatch, principal }, code) =>
          noteRefused(notes, {
            ...principal,
            action: isBatch ? "service-calls.submitBatch" : "service-calls.submit",
            resource: null,
            code,
            correlationId
          })
      })
      const { answer, readInTurn, refuse, settleFailed, unlessLimited } = exchanges

      const accessOf = (authorization: string | undefined): AccessToken | null => {
        if (authorization === undefined || !authorization.startsWith(bearer)) return null
        const token = authorization.slice(bearer.length)
        const now = clock.currentTimeMillisUnsafe()
        const access = verifier.verified(token, now)
        if (access === null || access.tenantId === null || !tenants.has(access.tenantId)) return null
        // Whether what it was given for is good still, is asked for on the routed way when it is not known.
        if (access.sessionId !== null || (access.apiKeyId !== null && !keys.holds(access.apiKeyId, now))) return null
        return scope !== undefined && access.scopes.includes(scope) ? access : null
      }

      const settle = (exchange: CallExchange, exit: Exit.Exit<Answer, Denial>): void =>
        Exit.isSuccess(exit) ? answer(exchange, acceptedReply(exit.value)) : settleFailed(exchange, exit)

      const acceptOne = (exchange: CallExchange, bytes: Uint8Array): void => {
        const read = submissions.read(exchange, exchange.key, bytes)
        if (Result.isFailure(read)) return refuse(exchange, read.failure)
        return submissions.accept(exchange, read.success, (exit) => settle(exchange, exit))
      }

      const acceptBatch = (exchange: CallExchange, bytes: Uint8Array): void => {
        const read = submissions.readBatch(bytes)
        if (Result.isFailure(read)) return refuse(exchange, read.failure)
        const items = read.success
        const named = isCorrelationId(exchange.request.headers["x-correlation-id"]) ? exchange.correlationId : null
        const { limited } = exchange
        return unlessLimited(exchange, limited === null ? null : limited.charge(items.length - 1), () =>
          submissions.acceptAll(exchange, named, items, (reply) => answer(exchange, reply))
        )
      }

      const take = (exchange: CallExchange, bytes: Uint8Array): void =>
        exchange.isBatch ? acceptBatch(exchange, bytes) : acceptOne(exchange, bytes)

      const begin = (
        request: IncomingMessage,
        response: ServerResponse,
        access: AccessToken,
        isBatch: boolean,
        key: IdempotencyKey | undefined
      ): void => {
        const tenantId = access.tenantId as TenantId
        const leave = places.enter(tenantId)
        const limited = leave === null ? null : counted(counts, tenantId)
        const exchange: CallExchange = {
          ...exchanges.begun(request, response),
          principal: { tenantId, subject: access.subject },
          isBatch,
          key,
          leave,
          limited,
          limits: () => limited?.headers ?? {}
        }
        exchanges.open(exchange)
        if (leave === null) return refuse(exchange, crowded)
        return unlessLimited(exchange, limited === null ? null : limited.begin, () =>
          readInTurn(exchange, turns, tenantId, take)
        )
      }

      const { listen } = yield* PlainRequests
      yield* listen((request, response) => {
        const isBatch = request.url === batchPath
        if ((!isBatch && request.url !== path) || request.method !== "POST" || exchanges.isDraining()) return false
        const { headers } = request
        if (!isPlain(request, limits.maxBodyBytes)) return false
        const key = keyOf(headers, isBatch)
        const access = key === null ? null : accessOf(headers.authorization)
        if (key === null || access === null) return false
        begin(request, response, access, isBatch, key)
        return true
      })
    })
  )
