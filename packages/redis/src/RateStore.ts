/**
 * Buckets of rate limits that all processes share while Redis is there, and that each keeps for itself, full at first, while it is not.
 * Never fails: no request waits for Redis.
 */
import { Context, Effect, Layer } from "effect"
import {
  layerStoreMemory,
  layerStoreRedis,
  type RateLimiterError,
  RateLimiterStore
} from "effect/persistence/RateLimiter"
import { commandsOnly, makeSharingLog, RedisConnection } from "./RedisConnection.ts"

export interface RateStoreOptions {
  /** What the names of all keys begin with. Default `dueline:rate:`. */
  readonly prefix?: string
}

type Store = RateLimiterStore["Service"]
type Asked<O, A> = (options: O) => Effect.Effect<A, RateLimiterError>

const make = Effect.fnUntraced(function* ({ prefix = "dueline:rate:" }: RateStoreOptions) {
  const { isUp, redis } = yield* RedisConnection
  const storeOf = (layer: Layer.Layer<RateLimiterStore>) =>
    Effect.map(Layer.build(layer), (context): Store => Context.get(context, RateLimiterStore))
  const memory = yield* storeOf(layerStoreMemory)
  const onRedis = commandsOnly(redis, "rate limits")
  const remote = yield* storeOf(layerStoreRedis({ prefix }).pipe(Layer.provide(onRedis)))
  const log = makeSharingLog("rate limits")

  /** A store fails for no other reason than that it is away: what is too much for a bucket is an answer. */
  const shared =
    <O, A>(there: Asked<O, A>, here: Asked<O, A>): Asked<O, A> =>
    (options) => {
      const alone = Effect.andThen(log.alone, here(options))
      return Effect.suspend(() =>
        isUp()
          ? there(options).pipe(
              Effect.tap(log.shared),
              Effect.catch(() => alone)
            )
          : alone
      )
    }
  return RateLimiterStore.of({
    fixedWindow: shared(remote.fixedWindow, memory.fixedWindow),
    tokenBucket: shared(remote.tokenBucket, memory.tokenBucket),
    adaptiveConsume: shared(remote.adaptiveConsume, memory.adaptiveConsume),
    adaptiveFeedback: shared(remote.adaptiveFeedback, memory.adaptiveFeedback)
  })
})

export const layer = (options: RateStoreOptions = {}): Layer.Layer<RateLimiterStore, never, RedisConnection> =>
  Layer.effect(RateLimiterStore, make(options))
