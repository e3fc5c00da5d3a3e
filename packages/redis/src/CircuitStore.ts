/**
 * Circuits that all processes share while Redis is there, and that each keeps for itself while it is not. Never fails: no call waits for
 * Redis.
 */
import { Context, Effect, Layer } from "effect"
import {
  type Admission,
  type CircuitBreakerError,
  CircuitBreakerStore,
  layerStoreMemory,
  layerStoreRedis
} from "effect/persistence/CircuitBreaker"
import { commandsOnly, makeSharingLog, RedisConnection } from "./RedisConnection.ts"

export interface CircuitStoreOptions {
  /** What the names of all keys begin with. Default `dueline:circuit:`. */
  readonly prefix?: string
}

type Store = CircuitBreakerStore["Service"]

/** An unused circuit is removed after so long, from Redis and from memory. */
const idleTimeToLive = "10 minutes"

/** Redis numbers its permits from zero up, so those of this process alone get the numbers below: a permit is used where it was given. */
const ours = (generation: number): number => -1 - generation
const isOurs = (generation: number): boolean => generation < 0

const isFailure = (error: CircuitBreakerError): boolean => error.reason._tag === "CircuitBreakerStoreError"

const make = Effect.fnUntraced(function* ({ prefix = "dueline:circuit:" }: CircuitStoreOptions) {
  const { isUp, redis } = yield* RedisConnection
  const storeOf = (layer: Layer.Layer<CircuitBreakerStore>) =>
    Effect.map(Layer.build(layer), (context): Store => Context.get(context, CircuitBreakerStore))
  const memory = yield* storeOf(layerStoreMemory({ idleTimeToLive }))
  const onRedis = commandsOnly(redis, "circuits")
  const remote = yield* storeOf(layerStoreRedis({ prefix, idleTimeToLive }).pipe(Layer.provide(onRedis)))
  const log = makeSharingLog("circuits")

  const admitAlone: Store["admit"] = (key) =>
    log.alone.pipe(
      Effect.andThen(memory.admit(key)),
      Effect.map((permit): Admission => ({ ...permit, generation: ours(permit.generation) }))
    )
  return CircuitBreakerStore.of({
    admit: (key) =>
      Effect.suspend(() =>
        isUp()
          ? remote.admit(key).pipe(
              Effect.tap(log.shared),
              Effect.catch((error) =>
                isFailure(error) ? admitAlone(key) : Effect.andThen(log.shared, Effect.fail(error))
              )
            )
          : admitAlone(key)
      ),
    record: (outcome) =>
      isOurs(outcome.generation)
        ? memory.record({ ...outcome, generation: ours(outcome.generation) })
        : // One outcome less in a circuit does no harm.
          Effect.catchIf(remote.record(outcome), isFailure, () => Effect.undefined),
    state: (key) =>
      Effect.suspend(() =>
        isUp() ? Effect.catchIf(remote.state(key), isFailure, () => memory.state(key)) : memory.state(key)
      )
  })
})

export const layer = (options: CircuitStoreOptions = {}): Layer.Layer<CircuitBreakerStore, never, RedisConnection> =>
  Layer.effect(CircuitBreakerStore, make(options))
