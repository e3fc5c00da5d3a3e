/** Requests that were taken from Node itself, each until it is answered: how they are read, answered and refused, whatever they ask for. */
import { ShortLivedSet } from "@dueline/contracts/ShortLived"
import type { CorrelationId, TenantId } from "@dueline/contracts/Ids"
import { HealthChecks } from "@dueline/contracts/ports/HealthChecks"
import { tellsDetails } from "@dueline/contracts/telemetry/logModules"
import { traceFields } from "@dueline/contracts/telemetry/Tracing"
import { correlationIdOf } from "@dueline/identity/randomId"
import { Cause, Context, Effect, Exit, Random, References } from "effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import { commonHeaders, denialReply, type Reply } from "../requests/answer.ts"
import { traceparentOf } from "../resources/asking.ts"
import { holdsHostTwice, isCorrelationId } from "../requests/headers.ts"
import { bareDetail } from "../Edge.ts"
import type { RateDenial } from "../access/RateLimits.ts"
import { type Denial, denied } from "../requests/refusal.ts"
import { mediaProblem } from "../requests/requestBody.ts"
import type { RequestTurns } from "./RequestPlaces.ts"

/** One request that was taken, until it is answered. */
export interface Exchange {
  readonly correlationId: CorrelationId
  readonly traceparent: string | null
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Gives its place back; null when it got none. */
  readonly leave: (() => void) | null
  /** Of the answer, beside those that the answer has itself. */
  readonly limits?: () => Readonly<Record<string, string>>
}

/** All that the middlewares look at, but for the token. Headers that come twice were joined or dropped by Node as for the framework. */
export const isPlain = ({ headers, rawHeaders }: IncomingMessage, maxBodyBytes: number): boolean =>
  // Not a number without a length.
  Number(headers["content-length"]) <= maxBodyBytes &&
  headers["transfer-encoding"] === undefined &&
  headers.host !== undefined &&
  !holdsHostTwice(rawHeaders) &&
  headers["x-tenant-id"] === undefined &&
  headers["prefer"] === undefined &&
  mediaProblem(headers["content-type"], headers["content-encoding"]) === null

interface ExchangesOptions<E> {
  /** What log lines of a request say beside its correlation id. */
  readonly about: (exchange: E) => Readonly<Record<string, string>>
  /** Told of each that is refused, and by which code. */
  readonly refused?: (exchange: E, code: string) => void
}

/** Whatever is open when the scope closes is answered as unavailable. */
export const makeExchanges = <E extends Exchange>({ about, refused }: ExchangesOptions<E>) =>
  Effect.gen(function* () {
    const { phase } = yield* HealthChecks
    const context = yield* Effect.context<never>()
    const dice = Context.get(context, Random.Random)
    const open = new ShortLivedSet<E>()
    const isDetailed = tellsDetails(context)

    /** In a fiber, for what is rare: in the name of whoever asks. */
    const run = <A, Problem>(exchange: E, effect: Effect.Effect<A, Problem>) =>
      Effect.runForkWith(context)(
        Effect.provideService(effect, References.CurrentLogAnnotations, {
          correlationId: exchange.correlationId,
          ...about(exchange),
          ...traceFields(exchange.traceparent)
        })
      )

    const tell = (exchange: E, cause: Cause.Cause<never>): void => {
      run(exchange, Effect.ignoreCause(Effect.withErrorReporting(Effect.failCause(cause))))
    }

    /** The last thing that happens to an exchange, whoever is first. */
    const answer = (exchange: E, reply: Reply): void => {
      if (!open.delete(exchange)) return
      exchange.leave?.()
      const { correlationId, response } = exchange
      if (response.destroyed) return
      const headers = [...reply.headers, ...commonHeaders(correlationId, phase() === "draining")]
      const limits = exchange.limits?.()
      if (limits !== undefined) for (const [name, value] of Object.entries(limits)) headers.push(name, value)
      if (isDetailed)
        run(exchange, Effect.logDebug("request answered", { status: reply.status, path: exchange.request.url }))
      try {
        // As one piece: head and body leave in one write.
        response.writeHead(reply.status, headers).end(reply.body)
      } catch (defect) {
        tell(exchange, Cause.die(defect))
        response.destroy()
      }
    }

    /** The client has gone: there is nobody to answer. */
    const forget = (exchange: E): void => {
      if (open.delete(exchange)) exchange.leave?.()
    }

    const refuse = (exchange: E, denial: Denial | RateDenial): void => {
      refused?.(exchange, denial.code)
      answer(exchange, denialReply(denial, exchange.correlationId))
    }

    /** What the framework does with a cause that nobody has handled. */
    const fail = (exchange: E, cause: Cause.Cause<never>): void => {
      if (Cause.hasInterruptsOnly(cause)) return refuse(exchange, bare("unavailable"))
      tell(exchange, cause)
      return refuse(exchange, bare("internal"))
    }

    /** Why it was not done. */
    const settleFailed = (exchange: E, { cause }: Exit.Failure<unknown, Denial | RateDenial>): void => {
      const reason = cause.reasons.find(Cause.isFailReason)
      if (reason === undefined) return fail(exchange, cause as Cause.Cause<never>)
      return refuse(exchange, reason.error)
    }

    const guarded = (exchange: E, act: () => void): void => {
      try {
        act()
      } catch (defect) {
        fail(exchange, Cause.die(defect))
      }
    }

    /** Goes on when the limit has room for it, or there is none: null. */
    const unlessLimited = (exchange: E, limit: Effect.Effect<RateDenial | null> | null, then: () => void): void => {
      if (limit === null) return then()
      run(exchange, limit).addObserver((exit) => {
        if (Exit.isFailure(exit)) fail(exchange, exit.cause)
        else if (exit.value !== null) refuse(exchange, exit.value)
        else guarded(exchange, then)
      })
    }

    /** `arrived` hears the whole body, once. */
    const read = (exchange: E, arrived: (bytes: Uint8Array) => void): void => {
      const { request } = exchange
      const chunks: Array<Uint8Array> = []
      request.on("data", (chunk: Uint8Array) => chunks.push(chunk))
      request.on("end", () =>
        arrived(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks))
      )
      // In the middle of its body. Once a command was offered, it makes no difference to it that nobody waits.
      request.on("error", () => {
        if (!request.complete) forget(exchange)
      })
    }

    /** Reads the body and has it taken when it is the tenant's turn, unless its client has gone. */
    const readInTurn = (
      exchange: E,
      turns: RequestTurns,
      tenantId: TenantId,
      take: (exchange: E, bytes: Uint8Array) => void
    ): void =>
      read(exchange, (bytes) =>
        turns.push(tenantId, bytes.byteLength, () => {
          if (exchange.response.destroyed) forget(exchange)
          else guarded(exchange, () => take(exchange, bytes))
        })
      )

    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        for (const exchange of open) refuse(exchange, bare("unavailable"))
      })
    )

    return {
      run,
      answer,
      refuse,
      fail,
      settleFailed,
      unlessLimited,
      readInTurn,
      isDraining: () => phase() === "draining",
      /** What every exchange begins with. */
      begun: (request: IncomingMessage, response: ServerResponse) => {
        const asked = request.headers["x-correlation-id"]
        return {
          correlationId: isCorrelationId(asked) ? asked : correlationIdOf(dice),
          traceparent: traceparentOf(request.headers),
          request,
          response
        }
      },
      open: (exchange: E): void => {
        open.add(exchange)
      }
    }
  })

const bare = (code: "unavailable" | "internal"): Denial => denied(code, bareDetail(code))
