/** The cache that all processes share while Redis is there; while it is not, everything is found out anew, and nobody waits for it. */
import { CacheStore, CacheUnavailable, patient } from "@dueline/contracts/ports/CacheStore"
import { Effect, Layer } from "effect"
import * as Redis from "effect/persistence/Redis"
import { RedisConnection } from "./RedisConnection.ts"

export interface CacheRedisOptions {
  /** What the names of all keys begin with. Default `dueline:`. */
  readonly prefix?: string
}

/** As a pattern that nothing else fits: what means something in patterns stands for itself. */
const literally = (text: string): string => text.replaceAll(/[*?[\]\\]/gu, String.raw`\$&`)

/** Names looked at in one step: less than a millisecond of the server. */
const scanStep = "1000"

/** Nothing is done by who has lost the lock meanwhile. */
const settling = Redis.script(
  (name: string, lock: string, holder: string, text: string, ttlMs: number) => [name, lock, holder, text, ttlMs],
  {
    numberOfKeys: 2,
    lua: `
if redis.call("GET", KEYS[2]) ~= ARGV[1] then return 0 end
redis.call("DEL", KEYS[2])
if tonumber(ARGV[3]) > 0 then redis.call("SET", KEYS[1], ARGV[2], "PX", ARGV[3]) end
return 1`
  }
).withReturnType<number>()

const unavailable = ({ cause }: Redis.RedisError) =>
  new CacheUnavailable({ detail: cause instanceof Error ? cause.message : String(cause) })

export const make = ({ prefix = "dueline:" }: CacheRedisOptions = {}) =>
  Effect.map(RedisConnection, ({ redis }): CacheStore["Service"] => {
    const settle = redis.eval(settling)
    const lockOf = (name: string): string => `${prefix}lock:${name}`
    const ask = <A>(asked: Effect.Effect<A, Redis.RedisError>) => Effect.mapError(asked, unavailable)
    const px = (ms: number): string => String(Math.max(1, Math.ceil(ms)))
    return {
      get: (name) => ask(redis.send<string | null>("GET", prefix + name)),
      set: (name, text, ttlMs) => ask(Effect.asVoid(redis.send("SET", prefix + name, text, "PX", px(ttlMs)))),
      remove: (name) => ask(Effect.asVoid(redis.send("DEL", prefix + name, lockOf(name)))),
      removeAll: (start) => {
        const pattern = `${literally(prefix + start)}*`
        const from = (cursor: string): Effect.Effect<void, Redis.RedisError> =>
          Effect.gen(function* () {
            const [next, names] = yield* redis.send<[string, ReadonlyArray<string>]>(
              ...(["SCAN", cursor, "MATCH", pattern, "COUNT", scanStep] as const)
            )
            if (names.length > 0) yield* redis.send("DEL", ...names)
            if (next !== "0") yield* from(next)
          })
        return ask(from("0"))
      },
      lock: (name, holder, ttlMs) =>
        ask(
          Effect.map(
            redis.send<string | null>("SET", lockOf(name), holder, "NX", "PX", px(ttlMs)),
            (reply) => reply !== null
          )
        ),
      settle: (name, holder, entry) =>
        ask(
          Effect.map(
            settle(prefix + name, lockOf(name), holder, entry?.text ?? "", entry === null ? 0 : Math.ceil(entry.ttlMs)),
            (done) => done === 1
          )
        )
    }
  })

export const layer = (options: CacheRedisOptions = {}): Layer.Layer<CacheStore, never, RedisConnection> =>
  Layer.effect(
    CacheStore,
    Effect.map(make(options), (store) => CacheStore.of(patient(store)))
  )
