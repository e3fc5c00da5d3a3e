/**
 * Takes submissions from Node itself when they are plain, which nearly all are: a known token, JSON of a known length, no wish that needs
 * more than one answer. The framework's way through router, middlewares and encoders costs more than all the rest of a submission.
 *
 * Nothing is decided here that the routed way decides too: what a request means, what is refused and how that is said stand in
 * `Submissions`, `RateLimits` and `answer`. A test sends the same requests both ways and compares the answers byte by byte.
 */
import { RequiredScope } from "@dueline/contracts/api/Access"
import { submit } from "@dueline/contracts/api/SubmissionEndpoints"
import { ServiceCalls } from "@dueline/contracts/api/ServiceCallEndpoints"
import { CountedAs } from "@dueline/contracts/api/RateLimit"
import { IdempotencyKey, type ServiceCallId, type TenantId } from "@dueline/contracts/Ids"
import { HealthChecks } from "@dueline/contracts/ports/HealthChecks"
import type { Answer } from "@dueline/contracts/ports/Orchestrator"
import type { AccessToken } from "@dueline/identity/AccessToken"
import { correlationIdOf } from "@dueline/identity/randomId"
import { TokenVerifier } from "@dueline/identity/TokenVerifier"
import { traceFields } from "@dueline/contracts/telemetry/Tracing"
import { Cause, Clock, Context, Effect, Exit, Layer, Random, References, Result, Schema } from "effect"
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http"
import { commonHeaders, problemReply, type Reply } from "../answer.ts"
import { traceparentOf } from "../asking.ts"
import { isCorrelationId } from "../Correlation.ts"
import { bareDetail, defaultEdgeLimits, type EdgeLimits } from "../Edge.ts"
import { KnownTenants } from "../KnownTenants.ts"
import { PlainRequests } from "../PlainRequests.ts"
import { type Counted, crowded, type RateDenial, RequestLimits } from "../RateLimits.ts"
import { type Denial, denied } from "../reject.ts"
import { mediaProblem } from "../requestBody.ts"
import { RequestTurns } from "../RequestPlaces.ts"
import { acceptedReply, type Asker, Submissions } from "./Submissions.ts"

const path = "/v1/service-calls"
const batchPath = `${path}/batch`

const isIdempotencyKey = Schema.is(IdempotencyKey)
const bearer = "Bearer "

/** One request that was taken, until it is answered. */
interface Exchange extends Asker {
  readonly principal: { readonly tenantId: TenantId; readonly subject: string }
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly isBatch: boolean
  readonly key: IdempotencyKey | undefined
  readonly leave: (() => void) | null
  readonly limited: Counted | null
}

interface Arrived {
  readonly exchange: Exchange
  readonly bytes: Uint8Array
}

/** All that the middlewares look at, but for the token. Headers that come twice were joined or dropped by Node as for the framework. */
const isPlain = (headers: IncomingHttpHeaders, maxBodyBytes: number): boolean =>
  // Not a number without a length.
  Number(headers["content-length"]) <= maxBodyBytes &&
  headers["transfer-encoding"] === undefined &&
  headers.host !== undefined &&
  headers["x-tenant-id"] === undefined &&
  headers["prefer"] === undefined &&
  mediaProblem(headers["content-type"], headers["content-encoding"]) === null

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
      const { counted, places } = yield* RequestLimits
      const { phase } = yield* HealthChecks
      const context = yield* Effect.context<never>()
      const clock = Context.get(context, Clock.Clock)
      const dice = Context.get(context, Random.Random)
      const scope = Context.getOrUndefined(submit.annotations, RequiredScope)
      const counts = Context.getOrUndefined(ServiceCalls.annotations, CountedAs)
      const open = new Set<Exchange>()

      /** In a fiber, for what is rare: in the name of whoever asks. */
      const run = <A>({ correlationId, principal: { tenantId }, traceparent }: Exchange, effect: Effect.Effect<A>) =>
        Effect.runForkWith(context)(
          Effect.provideService(effect, References.CurrentLogAnnotations, {
            correlationId,
            tenantId,
            ...traceFields(traceparent)
          })
        )

      const tell = (exchange: Exchange, cause: Cause.Cause<never>): void => {
        run(exchange, Effect.ignoreCause(Effect.withErrorReporting(Effect.failCause(cause))))
      }

      const accessOf = (authorization: string | undefined): AccessToken | null => {
        if (authorization === undefined || !authorization.startsWith(bearer)) return null
        const token = authorization.slice(bearer.length)
        const access = verifier.verified(token, clock.currentTimeMillisUnsafe())
        if (access === null || access.tenantId === null || !tenants.has(access.tenantId)) return null
        return scope !== undefined && access.scopes.includes(scope) ? access : null
      }

      /** The last thing that happens to an exchange, whoever is first. */
      const answer = (exchange: Exchange, reply: Reply): void => {
        if (!open.delete(exchange)) return
        exchange.leave?.()
        const { correlationId, limited, response } = exchange
        if (response.destroyed) return
        const headers = [...reply.headers, ...commonHeaders(correlationId, phase() === "draining")]
        if (limited !== null) for (const [name, value] of Object.entries(limited.headers)) headers.push(name, value)
        try {
          // As one piece: head and body leave in one write.
          response.writeHead(reply.status, headers).end(reply.body)
        } catch (defect) {
          tell(exchange, Cause.die(defect))
          response.destroy()
        }
      }

      /** The client has gone: there is nobody to answer. */
      const forget = (exchange: Exchange): void => {
        if (open.delete(exchange)) exchange.leave?.()
      }

      const refuse = (exchange: Exchange, denial: Denial): void =>
        answer(exchange, problemReply(denial, exchange.correlationId))

      const refuseForNow = (exchange: Exchange, denial: RateDenial): void => {
        const { retryAfterSeconds: wait } = denial
        answer(
          exchange,
          problemReply(denial, exchange.correlationId, wait === null ? [] : ["retry-after", String(wait)])
        )
      }

      /** What the framework does with a cause that nobody has handled. */
      const fail = (exchange: Exchange, cause: Cause.Cause<never>): void => {
        if (Cause.hasInterruptsOnly(cause)) return refuse(exchange, bare("unavailable"))
        tell(exchange, cause)
        return refuse(exchange, bare("internal"))
      }

      const settle = (exchange: Exchange, callId: ServiceCallId, exit: Exit.Exit<Answer, Denial>): void => {
        if (Exit.isSuccess(exit)) return answer(exchange, acceptedReply(exit.value, callId))
        const reason = exit.cause.reasons.find(Cause.isFailReason)
        return reason === undefined ? fail(exchange, exit.cause as Cause.Cause<never>) : refuse(exchange, reason.error)
      }

      const acceptOne = (exchange: Exchange, bytes: Uint8Array): void => {
        const read = submissions.read(exchange, exchange.key, bytes)
        if (Result.isFailure(read)) return refuse(exchange, read.failure)
        return submissions.accept(exchange, read.success, (exit) => settle(exchange, read.success.callId, exit))
      }

      const acceptBatch = (exchange: Exchange, bytes: Uint8Array): void => {
        const read = submissions.readBatch(bytes)
        if (Result.isFailure(read)) return refuse(exchange, read.failure)
        const items = read.success
        const named = isCorrelationId(exchange.request.headers["x-correlation-id"]) ? exchange.correlationId : null
        const { limited } = exchange
        return unlessRefused(exchange, limited === null ? null : limited.charge(items.length - 1), () =>
          submissions.acceptAll(exchange, named, items, (reply) => answer(exchange, reply))
        )
      }

      const guarded = (exchange: Exchange, act: () => void): void => {
        try {
          act()
        } catch (defect) {
          fail(exchange, Cause.die(defect))
        }
      }

      /** `limit`: null where there is nothing to ask. */
      const unlessRefused = (
        exchange: Exchange,
        limit: Effect.Effect<RateDenial | null> | null,
        then: () => void
      ): void => {
        if (limit === null) return then()
        run(exchange, limit).addObserver((exit) => {
          if (Exit.isFailure(exit)) fail(exchange, exit.cause)
          else if (exit.value !== null) refuseForNow(exchange, exit.value)
          else guarded(exchange, then)
        })
      }

      const turns = new RequestTurns<Arrived>(({ bytes, exchange }) => {
        if (exchange.response.destroyed) forget(exchange)
        else guarded(exchange, () => (exchange.isBatch ? acceptBatch(exchange, bytes) : acceptOne(exchange, bytes)))
      })

      const read = (exchange: Exchange): void => {
        const { principal, request } = exchange
        const chunks: Array<Uint8Array> = []
        request.on("data", (chunk: Uint8Array) => chunks.push(chunk))
        request.on("end", () => {
          const bytes = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
          turns.push(principal.tenantId, bytes.byteLength, { exchange, bytes })
        })
        // In the middle of its body. Once a command was offered, it makes no difference to it that nobody waits.
        request.on("error", () => {
          if (!request.complete) forget(exchange)
        })
      }

      const begin = (
        request: IncomingMessage,
        response: ServerResponse,
        access: AccessToken,
        isBatch: boolean,
        key: IdempotencyKey | undefined
      ): void => {
        const { headers } = request
        const tenantId = access.tenantId as TenantId
        const asked = headers["x-correlation-id"]
        const leave = places.enter(tenantId)
        const exchange: Exchange = {
          principal: { tenantId, subject: access.subject },
          correlationId: isCorrelationId(asked) ? asked : correlationIdOf(dice),
          traceparent: traceparentOf(headers),
          request,
          response,
          isBatch,
          key,
          leave,
          limited: leave === null ? null : counted(counts, tenantId)
        }
        open.add(exchange)
        if (leave === null) return refuseForNow(exchange, crowded)
        return unlessRefused(exchange, exchange.limited === null ? null : exchange.limited.begin, () => read(exchange))
      }

      const { listen } = yield* PlainRequests
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          for (const exchange of open) refuse(exchange, bare("unavailable"))
        })
      )
      yield* listen((request, response) => {
        const isBatch = request.url === batchPath
        if ((!isBatch && request.url !== path) || request.method !== "POST" || phase() === "draining") return false
        const { headers } = request
        if (!isPlain(headers, limits.maxBodyBytes)) return false
        const key = keyOf(headers, isBatch)
        const access = key === null ? null : accessOf(headers.authorization)
        if (key === null || access === null) return false
        begin(request, response, access, isBatch, key)
        return true
      })
    })
  )

const bare = (code: "unavailable" | "internal"): Denial => denied(code, bareDetail(code))
