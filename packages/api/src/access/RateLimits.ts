/**
 * Counts each tenant's changes, class by class, and refuses those that come too often. A bucket of as many tokens as the class allows in a
 * minute, refilled evenly: all of them may come at once, and after that one every so often.
 */
import { Principal } from "@dueline/contracts/api/Access"
import { problemBody } from "@dueline/contracts/api/Problem"
import { CountedAs, type RateClass, RateLimit, TooManyRequests } from "@dueline/contracts/api/RateLimit"
import type { Counter } from "@dueline/contracts/telemetry/Instruments"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { Context, Duration, Effect, Layer } from "effect"
import { HttpEffect, HttpServerResponse } from "effect/http"
import * as RateLimiter from "effect/persistence/RateLimiter"
import type { TenantId } from "@dueline/contracts/Ids"
import { Places } from "@dueline/contracts/TenantShares"
import { CurrentCorrelationId } from "../requests/headers.ts"
import type { Denial } from "../requests/refusal.ts"
import { defaultRequestLimit, LeavePlace, RequestTurns } from "../server/RequestPlaces.ts"

/**
 * Counts what a request holds beyond the one change that it was counted as when it came. Fails when that is too much: nothing may have
 * been changed yet. Free where the class of the request has no limit.
 */
export const RateCharge = Context.Reference<(changes: number) => Effect.Effect<void, TooManyRequests>>(
  "@dueline/api/RateCharge",
  { defaultValue: () => () => Effect.void }
)

/** Requests per minute. A class that is not named has no limit. */
export type RatesPerMinute = Readonly<Partial<Record<RateClass, number>>>

const windowSeconds = 60
const window = Duration.seconds(windowSeconds)

/** How a bucket stands after a request. */
interface Standing {
  readonly remaining: number
  /** Seconds until the bucket is full. */
  readonly full: number
  /** Seconds until there is a token; null when there was one. */
  readonly wait: number | null
}

/** Whole seconds: whoever waits for them does not come too early. */
const seconds = (duration: Duration.Duration): number => Math.ceil(Duration.toMillis(duration) / 1_000)

/** The fields of draft-ietf-httpapi-ratelimit-headers-11, and the three of its drafts up to -06, which are what clients know. */
const headersOf = (name: RateClass, limit: number, { full, remaining }: Standing): Record<string, string> => ({
  "ratelimit-policy": `"${name}";q=${limit};w=${windowSeconds}`,
  ratelimit: `"${name}";r=${remaining};t=${full}`,
  "ratelimit-limit": String(limit),
  "ratelimit-remaining": String(remaining),
  "ratelimit-reset": String(full)
})

/** What one request was counted as, in the bucket of its tenant and class. */
export class Counted {
  readonly #name: RateClass
  readonly #limit: number
  readonly #take: (tokens: number) => Effect.Effect<Standing | null>
  readonly #refused: Counter
  #standing: Standing | null = null

  constructor(
    name: RateClass,
    limit: number,
    refused: Counter,
    take: (tokens: number) => Effect.Effect<Standing | null>
  ) {
    this.#name = name
    this.#limit = limit
    this.#refused = refused
    this.#take = take
  }

  /** As one change, when it comes: null when it may go on. When nobody could count, nobody is refused, now or later. */
  get begin(): Effect.Effect<RateDenial | null> {
    return Effect.map(this.#take(1), (taken) => {
      this.#standing = taken
      return this.#refusal()
    })
  }

  /** As so many more. */
  charge(changes: number): Effect.Effect<RateDenial | null> {
    if (changes === 0 || this.#standing === null) return Effect.succeed(null)
    if (changes >= this.#limit) {
      this.#refused.add()
      return Effect.succeed(refusedEver(this.#name, this.#limit))
    }
    return Effect.map(this.#take(changes), (taken) => {
      this.#standing = taken ?? this.#standing
      return this.#refusal()
    })
  }

  /** Of the answer, by how the bucket stands now. */
  get headers(): Record<string, string> {
    return this.#standing === null ? {} : headersOf(this.#name, this.#limit, this.#standing)
  }

  #refusal(): RateDenial | null {
    const wait = this.#standing?.wait ?? null
    if (wait === null) return null
    this.#refused.add()
    return refused(this.#name, this.#limit, wait)
  }
}

/** `retryAfterSeconds`: null when waiting does not help. */
export interface RateDenial extends Denial<"rate_limited"> {
  readonly retryAfterSeconds: number | null
}

const rateDenial = (detail: string, retryAfterSeconds: number | null): RateDenial => ({
  code: "rate_limited",
  detail,
  retryAfterSeconds
})

const refused = (name: RateClass, limit: number, wait: number) =>
  rateDenial(`This tenant may change ${name} ${limit} times a minute. Nothing happened; ask again in ${wait} s.`, wait)

/** However long one waits, the bucket never holds as much. */
const refusedEver = (name: RateClass, limit: number) =>
  rateDenial(`This tenant may change ${name} ${limit} times a minute. Nothing happened; ask for fewer at once.`, null)

export const crowded = rateDenial(
  "This tenant has as many requests under way as it may. Nothing happened; wait for some of them.",
  1
)

/** What bounds the requests of a tenant. */
export class RequestLimits extends Context.Service<
  RequestLimits,
  {
    readonly places: Places
    /** In which all requests of known tenants are worked off, whichever way they come. */
    readonly turns: RequestTurns
    /** Null where the class has no limit. */
    readonly counted: (name: RateClass | undefined, tenantId: TenantId) => Counted | null
  }
>()("@dueline/api/RequestLimits") {}

const make = (rates: RatesPerMinute, requestLimit: number) =>
  Effect.gen(function* () {
    const limiter = yield* RateLimiter.make
    const { rateRefusals } = yield* Metrics
    /** Null when nobody could count. */
    const take = (key: string, limit: number, tokens: number): Effect.Effect<Standing | null> =>
      limiter.consume({ key, limit, tokens, window, algorithm: "token-bucket", onExceeded: "fail" }).pipe(
        Effect.map(({ remaining, resetAfter }) => ({ remaining, full: seconds(resetAfter), wait: null })),
        Effect.catch(({ reason }) => {
          if (reason._tag !== "RateLimitExceeded") return Effect.succeed(null)
          const asked = Duration.millis((windowSeconds * 1_000 * tokens) / limit)
          const full = seconds(
            Duration.sum(Duration.subtract(Duration.seconds(windowSeconds), asked), reason.retryAfter)
          )
          const remaining = Math.max(0, Math.floor(limit * (1 - full / windowSeconds)))
          return Effect.succeed({ remaining, full, wait: Math.max(1, seconds(reason.retryAfter)) })
        })
      )
    return RequestLimits.of({
      places: new Places(requestLimit),
      turns: new RequestTurns(),
      counted: (name, tenantId) => {
        const limit = name === undefined ? undefined : rates[name]
        if (name === undefined || limit === undefined) return null
        const key = `${name}:${tenantId}`
        return new Counted(name, limit, rateRefusals.of(name), (tokens) => take(key, limit, tokens))
      }
    })
  })

/** As the answer to whoever comes too often. */
export const tooMany = ({ code, detail, retryAfterSeconds }: RateDenial) =>
  Effect.flatMap(CurrentCorrelationId, (correlationId) =>
    Effect.fail(new TooManyRequests({ ...problemBody(code, correlationId, detail), retryAfterSeconds }))
  )

const unlessNull = (denial: RateDenial | null) => (denial === null ? Effect.void : tooMany(denial))

const middleware = Layer.effect(
  RateLimit,
  Effect.map(RequestLimits, ({ counted, places }) => {
    const counting = (
      httpEffect: Parameters<RateLimit["Service"]>[0],
      limited: Counted
    ): ReturnType<RateLimit["Service"]> =>
      Effect.gen(function* () {
        const denial = yield* limited.begin
        yield* HttpEffect.appendPreResponseHandler((_, response) =>
          Effect.sync(() => HttpServerResponse.setHeaders(response, limited.headers))
        )
        if (denial !== null) return yield* tooMany(denial)
        return yield* Effect.provideService(httpEffect, RateCharge, (changes) =>
          Effect.flatMap(limited.charge(changes), unlessNull)
        )
      })

    return RateLimit.of((httpEffect, { group }) =>
      Effect.flatMap(Principal, ({ tenantId }) => {
        const leave = places.enter(tenantId)
        if (leave === null) return tooMany(crowded)
        const left = Effect.sync(leave)
        const limited = counted(Context.getOrUndefined(group.annotations, CountedAs), tenantId)
        const handled = limited === null ? httpEffect : counting(httpEffect, limited)
        return Effect.ensuring(Effect.provideService(handled, LeavePlace, left), left)
      })
    )
  })
)

/** `requestLimit`: requests of all tenants under way at once; of one tenant as many as there is room left. */
export const layerLimits = (
  rates: RatesPerMinute,
  requestLimit: number = defaultRequestLimit
): Layer.Layer<RequestLimits, never, RateLimiter.RateLimiterStore> =>
  Layer.effect(RequestLimits, make(rates, requestLimit))

/** The middleware, with the limits that it keeps. */
export const layer = (
  rates: RatesPerMinute,
  requestLimit?: number
): Layer.Layer<RateLimit | RequestLimits, never, RateLimiter.RateLimiterStore> =>
  middleware.pipe(Layer.provideMerge(layerLimits(rates, requestLimit)))
