/**
 * The connection to Redis, which may come and go: users ask `isUp` and go on without Redis when it is not.
 *
 * The layer is built at once, also when there is no Redis yet. It tries again for ever, with pauses up to five seconds, and says in the
 * log when Redis comes, when it goes, and now and then that it is still away.
 */
import { Context, Effect, Layer, Random, type Redacted, Redacted as Secret, type Scope } from "effect"
import * as Redis from "effect/persistence/Redis"
import type { createClient } from "redis"

export interface RedisOptions {
  /** `redis://` or `rediss://`, perhaps with user and password, which appear in no log. */
  readonly url: Redacted.Redacted
  /** How long a command may take, in milliseconds, before it counts as failed. Default 500. */
  readonly commandTimeoutMs?: number
  /** Redis is looked for when this is done. Default at once. */
  readonly after?: Effect.Effect<void>
}

export class RedisConnection extends Context.Service<
  RedisConnection,
  {
    /** Commands and scripts; those that block, and subscriptions, are not for this connection. Fails at once while Redis is away. */
    readonly redis: Pick<Redis.Redis["Service"], "send" | "eval">
    /** Whether a command would be sent now. */
    readonly isUp: () => boolean
    /** Done when Redis has answered, within the time of a command. */
    readonly ping: Effect.Effect<void, Redis.RedisError>
  }
>()("@dueline/redis/RedisConnection") {}

const longestPauseMs = 5_000
/** Commands that wait for an answer; more fail at once. */
const queueLimit = 4_096
/** A connection over which nothing comes for so long is closed and opened again; pings keep a sound one from that. */
const silenceMs = 3_000
const pingEveryMs = 1_000

/** Half of it is drawn at random, so that processes that lost Redis together do not come back together. */
const pauseMs = (failures: number, roll: number): number =>
  Math.round(Math.min(longestPauseMs, 100 * 2 ** Math.min(failures, 10)) * (0.5 + roll / 2))

/** The 1st failure in a row is logged, the 2nd, the 4th, the 8th, and so on. */
const worthTelling = (failures: number): boolean => (failures & (failures - 1)) === 0

const why = (cause: Error): string => ("code" in cause && typeof cause.code === "string" ? cause.code : cause.message)

/** Hundreds of modules, loaded in the background: until then Redis counts as away. */
const library = Effect.promise(() => import("redis"))

type Client = ReturnType<typeof createClient>

const makeClient = (
  create: typeof createClient,
  { url }: RedisOptions,
  run: (effect: Effect.Effect<void>) => void,
  roll: () => number
): Client => {
  let failures = 0
  const client: Client = create({
    url: Secret.value(url),
    // Commands fail at once while there is no connection.
    disableOfflineQueue: true,
    commandsQueueMaxLength: queueLimit,
    pingInterval: pingEveryMs,
    socket: {
      connectTimeout: silenceMs,
      socketTimeout: silenceMs,
      reconnectStrategy: (_, cause) => {
        failures += 1
        if (worthTelling(failures)) run(Effect.logWarning(`Redis is away: ${why(cause)}; failure ${failures} in a row`))
        return pauseMs(failures, roll())
      }
    }
  })
  client.on("ready", () => {
    failures = 0
    run(Effect.logInfo("Redis is there"))
  })
  // Failures are logged above; without a listener an error would end the process.
  client.on("error", () => undefined)
  return client
}

export const make = Effect.fnUntraced(function* (
  options: RedisOptions
): Effect.fn.Return<RedisConnection["Service"], never, Scope.Scope> {
  const { after = Effect.void, commandTimeoutMs = 500 } = options
  const random = yield* Random.Random
  const run = Effect.runForkWith(yield* Effect.context<never>())
  let client: Client | null = null
  let answering = true
  const heard = <A>(reply: A): A => {
    answering = true
    return reply
  }
  const connect = Effect.acquireRelease(
    Effect.map(library, ({ createClient }) => {
      client = makeClient(createClient, options, run, () => random.nextDoubleUnsafe())
      client.on("ready", heard)
      // Ends only when the client is destroyed: until then every failure is followed by another attempt.
      client.connect().catch(() => undefined)
      return client
    }),
    // Not `close`, which waits for answers that a hanging Redis never gives.
    (client) => Effect.sync(() => client.destroy())
  )
  yield* Effect.forkScoped(Effect.andThen(after, connect))

  const late = Effect.suspend(() => {
    // Nobody else waits for it in vain. An answer that comes after all, or a new connection, ends the suspicion; and since nothing more
    // is sent, the silence is long enough to be noticed.
    answering = false
    return Effect.fail(new Redis.RedisError({ cause: new Error(`no answer within ${commandTimeoutMs} ms`) }))
  })
  const ask = <A>(client: Client, words: ReadonlyArray<string>): Effect.Effect<A, Redis.RedisError> =>
    Effect.tryPromise({
      try: () => client.sendCommand([...words]).then((reply) => heard(reply) as A),
      catch: (cause) => new Redis.RedisError({ cause })
    }).pipe(Effect.timeoutOrElse({ duration: commandTimeoutMs, orElse: () => late }))
  const ready = () => (client?.isReady === true && answering ? client : null)
  const away = Effect.suspend(() => Effect.fail(new Redis.RedisError({ cause: new Error("Redis is away") })))
  const send = <A = unknown>(...words: ReadonlyArray<string>): Effect.Effect<A, Redis.RedisError> =>
    Effect.suspend(() => {
      const up = ready()
      return up === null ? away : ask<A>(up, words)
    })

  const unsupported = Effect.die(new Error("this connection is shared: it neither blocks nor listens"))
  const redis = yield* Redis.make({ send, connect: unsupported, subscribe: () => unsupported })
  return RedisConnection.of({
    redis: { send: redis.send, eval: redis.eval },
    isUp: () => ready() !== null,
    ping: Effect.asVoid(send("PING"))
  })
})

export const layer = (options: RedisOptions): Layer.Layer<RedisConnection> =>
  Layer.effect(RedisConnection, make(options))

// What the stores that processes share over Redis have in common: the way to Redis, and a log line when sharing ends or begins.

/**
 * The shared connection as Effect's stores want it: commands and scripts, and nothing that needs a connection of its own. `what` in the
 * plural, for the defect of a store that asks for more.
 */
export const commandsOnly = (redis: RedisConnection["Service"]["redis"], what: string): Layer.Layer<Redis.Redis> => {
  const refuse = Effect.die(new Error(`${what} need no connection of their own`))
  return Layer.succeed(Redis.Redis, { ...redis, reserve: refuse, subscribe: () => refuse })
}

export interface SharingLog {
  readonly shared: Effect.Effect<void>
  readonly alone: Effect.Effect<void>
}

/** Logs once when something is no longer shared between processes, and once when it is again. `what` in the plural, as in "circuits". */
export const makeSharingLog = (what: string): SharingLog => {
  let shared: boolean | null = null
  const log = (now: boolean): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (shared === now) return Effect.void
      const first = shared === null
      shared = now
      if (!now) return Effect.logWarning(`${what} are this process's own until Redis is there`)
      return first ? Effect.void : Effect.logInfo(`${what} are shared again`)
    })
  return { shared: log(true), alone: log(false) }
}
