/**
 * The issuer's RSA keys: files in a directory outside the repository, which all processes of an installation share. They are looked at again
 * while the program runs, so that a key which was added or retired counts in every process without a restart.
 */
import type { JsonWebKeySet } from "@dueline/contracts/api/SystemEndpoints"
import { Clock, Context, Effect, Layer, Schema } from "effect"
import {
  describeKey,
  ensureKey,
  generateKey,
  type KeyTimes,
  readKeys,
  type SigningKey,
  stampOf,
  type StoredKey
} from "./signingKeyFiles.ts"

export type { SigningKey } from "./signingKeyFiles.ts"

/** How long a process may not know of a change in the directory. */
export const lookEveryMs = 5_000
/** A token that names a key which is not known is a reason to look sooner, but not more often than this. */
export const coolDownMs = 1_000

/** The key directory cannot be used; `detail` says which file and why, never what is in it. */
export class KeysUnusable extends Schema.TaggedError<KeysUnusable>()("KeysUnusable", { detail: Schema.String }) {}

export class SigningKeys extends Context.Service<
  SigningKeys,
  {
    /** What new tokens are signed with. Asked for anew each time: it changes when keys are rotated. */
    readonly current: SigningKey
    /** Every key whose tokens are believed, by `kid`. Asked for anew each time. */
    readonly byKid: ReadonlyMap<string, SigningKey>
    /** RFC 7517, public halves only: those of `byKid`, among them those that sign nothing yet. */
    readonly jwks: typeof JsonWebKeySet.Type
    /** Looks for changes, unless that was done a moment ago. */
    readonly refresh: Effect.Effect<void>
  }
>()("@dueline/secrets/SigningKeys") {}

/** What becomes of a key at a time: it waits until it signs, it is the one that signs, tokens of it are believed still, or none are. */
export type KeyUse = "waits" | "signs" | "verifies" | "retired"

const isRetired = ({ retiredAt }: KeyTimes, now: number): boolean => retiredAt !== null && retiredAt <= now

/** Of keys in the order of their names the last whose time has come; before it has for any, the first to come. Null when all are retired. */
export const signingAt = <K extends KeyTimes>(keys: ReadonlyArray<K>, now: number): K | null => {
  const usable = keys.filter((key) => !isRetired(key, now))
  return (
    usable.findLast(({ signsFrom }) => signsFrom <= now) ??
    usable.toSorted((a, b) => a.signsFrom - b.signsFrom).at(0) ??
    null
  )
}

export const useAt = <K extends KeyTimes>(keys: ReadonlyArray<K>, key: K, now: number): KeyUse => {
  if (isRetired(key, now)) return "retired"
  if (signingAt(keys, now) === key) return "signs"
  return key.signsFrom > now ? "waits" : "verifies"
}

/** The `kid` of every key in the directory, in the order of their names. Makes nothing: there is none when there is no directory. */
export const kidsIn = (directory: string): Effect.Effect<ReadonlyArray<string>, KeysUnusable> =>
  attempt(async () => (await readKeys(directory)).map(({ key }) => key.kid))

/**
 * As they stand at a time. When no key is left to sign with it fails, unless there was one `before`: then what it signs is believed by nobody, and
 * nothing that is retired is believed for want of another.
 */
const standing = (keys: ReadonlyArray<StoredKey>, now: number, before: SigningKey | null) => {
  const current = signingAt(keys, now)?.key ?? before
  if (current === null) throw new Error("every key is retired: add one with `dueline key rotate`")
  const believed = keys.filter((key) => !isRetired(key, now))
  return {
    current,
    byKid: new Map(believed.map(({ key }) => [key.kid, key])),
    jwks: { keys: believed.map(({ jwk }) => jwk) }
  }
}

const make = Effect.fnUntraced(function* (read: () => Promise<ReadonlyArray<StoredKey>>, stamp: () => Promise<string>) {
  const now = yield* Clock.currentTimeMillis
  let stampRead = yield* attempt(stamp)
  let keys = yield* attempt(read)
  let state = yield* attempt(async () => standing(keys, now, null))
  let lookedAt = now
  const look = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    lookedAt = now
    const found = yield* attempt(stamp)
    if (found !== stampRead) keys = yield* attempt(read)
    stampRead = found
    const { current } = state
    state = yield* attempt(async () => standing(keys, now, current))
    if (state.byKid.size === 0)
      yield* Effect.logError("every signing key is retired: add one with `dueline key rotate`")
  }).pipe(
    // What is being changed by hand may be half done: those that were read last hold until it is.
    Effect.catch(({ detail }) =>
      Effect.logWarning("signing keys cannot be read again; those of before hold", { detail })
    )
  )
  const service = SigningKeys.of({
    get current() {
      return state.current
    },
    get byKid() {
      return state.byKid
    },
    get jwks() {
      return state.jwks
    },
    refresh: Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Math.abs(now - lookedAt) < coolDownMs ? Effect.void : look
    )
  })
  return { service, look }
})

/** Where processes have their keys in common. */
export interface KeyStore {
  readonly read: () => Promise<ReadonlyArray<StoredKey>>
  /** Another one whenever something was changed. */
  readonly stamp: () => Promise<string>
}

export const layerOf = ({ read, stamp }: KeyStore): Layer.Layer<SigningKeys, KeysUnusable> =>
  Layer.effect(
    SigningKeys,
    Effect.gen(function* () {
      const { look, service } = yield* make(read, stamp)
      yield* look.pipe(Effect.delay(lookEveryMs), Effect.forever, Effect.forkScoped)
      return service
    })
  )

/** Keys from the `*.pem` files of a directory (0700, files 0600). Makes the first one when there is none. */
export const layer = ({ directory }: { readonly directory: string }): Layer.Layer<SigningKeys, KeysUnusable> =>
  Layer.unwrap(
    Effect.as(
      attempt(() => ensureKey(directory)),
      layerOf({ read: () => readKeys(directory), stamp: () => stampOf(directory) })
    )
  )

/** One fresh key that is gone with the process. */
export const layerEphemeral: Layer.Layer<SigningKeys, KeysUnusable> = Layer.effect(
  SigningKeys,
  Effect.gen(function* () {
    const key = yield* attempt(generateKey)
    const stored = { name: "ephemeral", signsFrom: 0, retiredAt: null, ...describeKey(key) }
    const { service } = yield* make(
      async () => [stored],
      async () => ""
    )
    return service
  })
)

export function attempt<A>(run: () => Promise<A>): Effect.Effect<A, KeysUnusable> {
  return Effect.tryPromise({
    try: run,
    catch: (error) => new KeysUnusable({ detail: error instanceof Error ? error.message : String(error) })
  })
}
