/**
 * Counts each tenant's changes, class by class, and refuses those that come too often. A bucket of as many tokens as the class allows in a
 * minute, refilled evenly: all of them may come at once, and after that one every so often.
 */
import { Principal } from "@dueline/contracts/api/Access"
import { problemBody } from "@dueline/contracts/api/Problem"
import { CountedAs, type RateClass, RateLimit, TooManyRequests } from "@dueline/contracts/api/RateLimit"
import { Context, Duration, Effect, Layer } from "effect"
import { HttpEffect, HttpServerResponse } from "effect/http"
import * as RateLimiter from "effect/persistence/RateLimiter"
import { CurrentCorrelationId } from "./Correlation.ts"
import { defaultRequestLimit, LeavePlace, RequestPlaces } from "./RequestPlaces.ts"

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

const window = "1 minute"
const windowSeconds = 60

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

const make = (rates: RatesPerMinute, requestLimit: number) =>
  Effect.gen(function* () {
    const places = new RequestPlaces(requestLimit)
    const limiter = yield* RateLimiter.make

    /** Null when nobody could count: then nobody is refused. */
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

    const counted: RateLimit["Service"] = (httpEffect, { group }) => {
      const name = Context.getOrUndefined(group.annotations, CountedAs)
      const limit = name === undefined ? undefined : rates[name]
      if (name === undefined || limit === undefined) return httpEffect
      return Effect.gen(function* () {
        const { tenantId } = yield* Principal
        const key = `${name}:${tenantId}`
        const taken = yield* take(key, limit, 1)
        if (taken === null) return yield* httpEffect
        let standing = taken
        yield* HttpEffect.appendPreResponseHandler((_, response) =>
          Effect.sync(() => HttpServerResponse.setHeaders(response, headersOf(name, limit, standing)))
        )
        const charge = Effect.fnUntraced(function* (changes: number) {
          if (changes === 0) return
          if (changes >= limit) yield* refuseEver(name, limit)
          standing = (yield* take(key, limit, changes)) ?? standing
          if (standing.wait !== null) yield* refuse(name, limit, standing.wait)
        })
        return yield* standing.wait === null
          ? Effect.provideService(httpEffect, RateCharge, charge)
          : refuse(name, limit, standing.wait)
      })
    }

    return RateLimit.of((httpEffect, of) =>
      Effect.flatMap(Principal, ({ tenantId }) => {
        const leave = places.enter(tenantId)
        if (leave === null) return refuseCrowd
        const left = Effect.sync(leave)
        return Effect.ensuring(Effect.provideService(counted(httpEffect, of), LeavePlace, left), left)
      })
    )
  })

const refuse = (name: RateClass, limit: number, wait: number) =>
  refuseSaying(
    `This tenant may change ${name} ${limit} times a minute. Nothing happened; ask again in ${wait} s.`,
    wait
  )

/** However long one waits, the bucket never holds as much. */
const refuseEver = (name: RateClass, limit: number) =>
  refuseSaying(`This tenant may change ${name} ${limit} times a minute. Nothing happened; ask for fewer at once.`, null)

const refuseCrowd = Effect.suspend(() =>
  refuseSaying("This tenant has as many requests under way as it may. Nothing happened; wait for some of them.", 1)
)

const refuseSaying = (detail: string, wait: number | null) =>
  Effect.flatMap(CurrentCorrelationId, (correlationId) => {
    const body = problemBody("rate_limited", correlationId, detail)
    return Effect.fail(new TooManyRequests({ ...body, retryAfterSeconds: wait }))
  })

/** `requestLimit`: requests of all tenants under way at once; of one tenant as many as there is room left. */
export const layer = (
  rates: RatesPerMinute,
  requestLimit: number = defaultRequestLimit
): Layer.Layer<RateLimit, never, RateLimiter.RateLimiterStore> => Layer.effect(RateLimit, make(rates, requestLimit))
