/**
 * * The key set of one outside issuer: fetched at the start and again before it grows old, sooner for a key that is not known. How often it is
 * asked does not depend on who sends what: one fetch at a time, a cool-down after each, growing waits while they fail. * While the issuer does not
 * answer, the set that was fetched last holds, for a day; after that none of its tokens is believed. Reads a published key set (RFC 7517): the RSA
 * keys that verify signatures, and nothing else of it. Pure.
 */
import { HttpClient } from "@dueline/contracts/ports/HttpClient"
import { Clock, Deferred, Effect, Random, Result, Schema, type Scope } from "effect"
import { createPublicKey, type KeyObject } from "node:crypto"
import { algorithm } from "../AccessToken.ts"

const minute = 60_000
/** How old a set grows before it is fetched again: a key that was withdrawn is believed no longer than this while the issuer answers. */
export const freshMs = 10 * minute
/** How old a set may grow while the issuer does not answer. */
export const staleMs = 24 * 60 * minute
/** From the last fetch to one for a key that is not known. */
export const coolDownMs = 30_000
const firstWaitMs = 1_000
export const longestWaitMs = 5 * minute
/** Every wait is longer or shorter by up to this share, so that processes do not ask together. */
const jitter = 0.2
const answerTimeoutMs = 3_000
/** Also over what comes before the answer: names, connections. */
const fetchTimeout = "15 seconds"
const maxBytes = 65_536

export interface RemoteKeys {
  readonly keyOf: (kid: string) => KeyObject | undefined
  readonly lookFor: (kid: string) => Effect.Effect<void>
  /** Why no token of the issuer is believed; null when there are keys. */
  readonly trouble: () => string | null
}

const text = new TextDecoder("utf-8", { fatal: true })

const readText = (body: Uint8Array): Result.Result<ReadonlyMap<string, KeyObject>, string> => {
  try {
    return readKeySet(text.decode(body))
  } catch {
    return Result.fail("the answer is no text")
  }
}

/** Keys that are there still stay the same objects, so that what was verified with them is believed without doing it again. */
const keeping = (
  held: ReadonlyMap<string, KeyObject>,
  fetched: ReadonlyMap<string, KeyObject>
): ReadonlyMap<string, KeyObject> =>
  new Map(
    Array.from(fetched, ([kid, key]) => {
      const before = held.get(kid)
      return [kid, before !== undefined && before.equals(key) ? before : key] as const
    })
  )

const fetchKeys = (client: HttpClient["Service"], uri: string) =>
  client
    .send({
      method: "GET",
      url: uri,
      headers: { accept: "application/json, application/jwk-set+json" },
      body: null,
      timeoutMs: answerTimeoutMs,
      maxResponseBytes: maxBytes,
      wanted: () => true
    })
    .pipe(
      Effect.map((result): Result.Result<ReadonlyMap<string, KeyObject>, string> => {
        if (result._tag !== "Answered") return Result.fail(result.detail)
        if (result.status !== 200) return Result.fail(`the answer has the status ${result.status}`)
        if (result.truncated) return Result.fail(`the answer is longer than ${maxBytes} bytes`)
        return readText(result.body)
      }),
      Effect.timeoutOrElse({
        duration: fetchTimeout,
        orElse: () => Effect.succeed(Result.fail(`no answer within ${fetchTimeout}`))
      })
    )

/** Never waits for the issuer: until the first set is there, nothing of it is believed. Fetches for as long as the scope is open. */
export const make = (issuer: string, uri: string): Effect.Effect<RemoteKeys, never, HttpClient | Scope.Scope> =>
  Effect.gen(function* () {
    const client = yield* HttpClient
    const clock = yield* Clock.Clock
    const now = (): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
    let held: ReadonlyMap<string, KeyObject> = new Map()
    let heldSince: number | null = null
    let why = "they were not fetched yet"
    let failures = 0
    let triedAt = now()
    let nextAt = triedAt
    let isFetching = false
    /** Done when the fetch that is under way has ended, or the next one. */
    let fetched = Deferred.makeUnsafe<void>()
    /** Done when the next fetch has come sooner. */
    let woken = Deferred.makeUnsafe<void>()

    const isUsable = (): boolean => heldSince !== null && now() - heldSince < staleMs

    const attempt = Effect.gen(function* () {
      const answer = yield* fetchKeys(client, uri)
      const factor = 1 + jitter * (2 * (yield* Random.next) - 1)
      triedAt = now()
      if (Result.isSuccess(answer)) {
        if (failures > 0) yield* Effect.logInfo("keys of an outside issuer are fetched again", { issuer })
        held = keeping(held, answer.success)
        heldSince = triedAt
        failures = 0
        nextAt = triedAt + freshMs * factor
        return
      }
      why = answer.failure
      nextAt = triedAt + Math.min(longestWaitMs, firstWaitMs * 2 ** failures) * factor
      failures++
      yield* Effect.logWarning("keys of an outside issuer cannot be fetched; those of before hold for a day", {
        issuer,
        why,
        failures,
        keys: isUsable() ? held.size : 0
      })
    })

    /** All fetches are made here, one after the other, and none in the name of who asks. */
    yield* Effect.gen(function* () {
      const wait = nextAt - now()
      if (wait > 0) {
        // A part of a millisecond is not slept through.
        yield* Effect.race(Effect.sleep(Math.ceil(wait)), Deferred.await(woken))
        woken = Deferred.makeUnsafe()
        return
      }
      isFetching = true
      yield* attempt
      isFetching = false
      Deferred.doneUnsafe(fetched, Effect.void)
      fetched = Deferred.makeUnsafe()
    }).pipe(Effect.forever, Effect.forkScoped({ startImmediately: true }))

    const lookFor = (kid: string): Effect.Effect<void> =>
      Effect.suspend(() => {
        if (isUsable() && held.has(kid)) return Effect.void
        if (!isFetching) {
          // While fetches fail, the next one has its time already.
          if (failures > 0 || now() - triedAt < coolDownMs) return Effect.void
          nextAt = now()
          Deferred.doneUnsafe(woken, Effect.void)
        }
        return Deferred.await(fetched)
      })

    return {
      keyOf: (kid) => (isUsable() ? held.get(kid) : undefined),
      lookFor,
      trouble: () => {
        if (isUsable()) return held.size > 0 ? null : "it publishes no key that can be used"
        return heldSince === null ? `no keys: ${why}` : `keys are older than a day: ${why}`
      }
    }
  })

/** A set with more keys is refused. */
const maxKeys = 64
const minBits = 2_048
/** Each verification costs time that grows with the square of it. */
const maxBits = 8_192
const maxExponent = 2n ** 32n

const KeySet = Schema.Struct({
  keys: Schema.Array(Schema.Record(Schema.String, Schema.Unknown)).check(Schema.isMaxLength(maxKeys))
})

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(KeySet))

type Member = (typeof KeySet.Type)["keys"][number]

/** What others say of a key that it is for; what is not said is no obstacle (RFC 7517 § 4.2 to 4.4). */
const isForUs = ({ alg, key_ops: operations, kty, use }: Member): boolean =>
  kty === "RSA" &&
  (use === undefined || use === "sig") &&
  (alg === undefined || alg === algorithm) &&
  (operations === undefined || (Array.isArray(operations) && operations.includes("verify")))

const imported = ({ e, n }: Member): KeyObject | null => {
  if (typeof n !== "string" || typeof e !== "string") return null
  try {
    const key = createPublicKey({ key: { kty: "RSA", n, e }, format: "jwk" })
    const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
    const fits = modulusLength >= minBits && modulusLength <= maxBits
    return fits && publicExponent >= 3n && publicExponent <= maxExponent && publicExponent % 2n === 1n ? key : null
  } catch {
    return null
  }
}

/** By `kid`. Keys of other kinds, too short or without a name are passed over; a name that two keys have names neither. */
export const readKeySet = (body: string): Result.Result<ReadonlyMap<string, KeyObject>, string> => {
  const decoded = decode(body)
  if (Result.isFailure(decoded)) return Result.fail("the answer is no key set")
  const found = new Map<string, KeyObject>()
  const seen = new Set<string>()
  for (const member of decoded.success.keys) {
    const { kid } = member
    if (typeof kid !== "string" || kid === "" || kid.length > 255 || !isForUs(member)) continue
    const key = imported(member)
    if (key === null) continue
    if (seen.has(kid)) found.delete(kid)
    else found.set(kid, key)
    seen.add(kid)
  }
  return Result.succeed(found)
}
