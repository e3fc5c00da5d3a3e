/**
 * Two processes over one store of keys, which are rotated and retired while both make and verify tokens, at whatever times they look and while one
 * of them cannot read: every answer is held against what the store said, with the bounds of ADR-0035 and no more.
 */
import { TenantId } from "@dueline/contracts/Ids"
import { coolDownMs, type KeyStore, lookEveryMs, signingAt } from "@dueline/secrets/SigningKeys"
import * as SigningKeys from "@dueline/secrets/SigningKeys"
import { describeKey, type StoredKey } from "@dueline/secrets/signingKeyFiles"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Layer, Result, Schema } from "effect"
import { TestClock } from "effect/testing"
import { generateKeyPairSync } from "node:crypto"
import * as TokenIssuer from "../src/TokenIssuer.ts"
import * as TokenVerifier from "../src/TokenVerifier.ts"

/** Made once: a pair takes longer than a run. */
const pairs = Array.from({ length: 5 }, () =>
  describeKey(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey)
)
const asked = {
  subject: "ann",
  tenantId: TenantId.make("11111111-1111-4111-8111-111111111111"),
  scopes: ["ops:bins.read"],
  ttlSeconds: 120
}
const toleranceMs = 5_000

const Which = Schema.Literals([0, 1])
const Step = Schema.Union([
  Schema.TaggedStruct("Pass", { ms: Schema.Literals([100, 400, 1_000, 2_500, 5_000, 30_000]) }),
  Schema.TaggedStruct("Rotate", {
    afterMs: Schema.Literals([0, 2_000, 20_000]),
    graceMs: Schema.Literals([1_000, 8_000, 60_000])
  }),
  Schema.TaggedStruct("Retire", { key: Schema.Literals([0, 1, 2, 3, 4]) }),
  Schema.TaggedStruct("Mint", { by: Which }),
  Schema.TaggedStruct("Verify", { by: Which }),
  Schema.TaggedStruct("Blind", { who: Which, blind: Schema.Boolean })
])
type Step = typeof Step.Type

interface Stored extends StoredKey {
  /** Since when it is in the store, and since when what is said of its end was. */
  readonly addedAt: number
  readonly toldAt: number
}

interface Process {
  readonly context: Context.Context<SigningKeys.SigningKeys | TokenIssuer.TokenIssuer | TokenVerifier.TokenVerifier>
  blind: boolean
  /** Since when it can read without a break. */
  sightedFrom: number
}

/** What a process does wrong, for the test of the test. */
type Fault = "none" | "looks at nothing again" | "passes over unknown keys"

/** Files are read in real time; here all is there at once, and a few turns are enough. */
const turns = Effect.promise(async () => {
  for (let n = 0; n < 4; n += 1) await new Promise(setImmediate)
})

class World {
  keys: ReadonlyArray<Stored> = []
  readonly tokens: Array<{ readonly text: string; readonly kid: string; readonly expiresAt: number }> = []
  readonly wrong: Array<string> = []

  storeFor = (process: () => Process | undefined, fault: Fault): KeyStore => ({
    read: async () => this.#seen(process, this.keys),
    stamp: async () =>
      this.#seen(
        process,
        fault === "looks at nothing again" ? "" : JSON.stringify(this.keys.map((key) => [key.name, key.retiredAt]))
      )
  })

  #seen<A>(process: () => Process | undefined, found: A): A {
    if (process()?.blind === true) throw new Error("cannot be read")
    return found
  }

  add(now: number, afterMs: number, graceMs: number): void {
    const pair = pairs[this.keys.length]
    if (pair === undefined) return
    const signsFrom = now + afterMs
    const end = signsFrom + graceMs
    this.keys = [
      ...this.keys.map((key) =>
        key.retiredAt === null || key.retiredAt > end ? { ...key, retiredAt: end, toldAt: now } : key
      ),
      { ...pair, name: `key-${this.keys.length}`, signsFrom, retiredAt: null, addedAt: now, toldAt: now }
    ]
  }

  retire(now: number, n: number): void {
    const found = this.keys[n]
    if (found === undefined || (found.retiredAt !== null && found.retiredAt <= now)) return
    if (
      signingAt(
        this.keys.filter((key) => key !== found),
        now
      ) === null
    )
      return
    this.keys = this.keys.map((key) => (key === found ? { ...key, retiredAt: now, toldAt: now } : key))
  }

  /** Whether a token has to be believed, must not be, or may be either. */
  judge({ sightedFrom, blind }: Process, kid: string, expiresAt: number, now: number): "yes" | "no" | "either" {
    const key = this.keys.find((one) => one.key.kid === kid)
    if (key === undefined) return "no"
    const sighted = !blind && sightedFrom <= now - lookEveryMs
    if (now >= expiresAt + toleranceMs) return "no"
    const { retiredAt } = key
    if (retiredAt !== null && retiredAt <= now)
      return sighted && Math.max(retiredAt, key.toldAt) <= now - lookEveryMs ? "no" : "either"
    // Whoever looked just before it was there looks again for it once the time between two looks is over.
    return !blind && key.addedAt <= now - coolDownMs && sightedFrom <= now - coolDownMs && now < expiresAt
      ? "yes"
      : "either"
  }
}

const run = Effect.fnUntraced(function* (steps: ReadonlyArray<Step>, fault: Fault = "none") {
  const world = new World()
  const begun = yield* Clock.currentTimeMillis
  world.add(begun - 60_000, 0, 0)
  const processes: Array<Process> = []
  for (const n of [0, 1]) {
    const keys = SigningKeys.layerOf(world.storeFor(() => processes[n], n === 1 ? fault : "none"))
    const deaf = Layer.effect(
      SigningKeys.SigningKeys,
      Effect.map(SigningKeys.SigningKeys, (real) => ({
        get current() {
          return real.current
        },
        get byKid() {
          return real.byKid
        },
        get jwks() {
          return real.jwks
        },
        refresh: Effect.void
      }))
    ).pipe(Layer.provide(keys))
    const context = yield* Layer.build(
      Layer.mergeAll(TokenIssuer.layer(), TokenVerifier.layer()).pipe(
        Layer.provideMerge(fault === "passes over unknown keys" && n === 1 ? deaf : keys)
      )
    )
    processes.push({ context, blind: false, sightedFrom: begun - 60_000 })
  }
  const verify = Effect.fnUntraced(function* (process: Process) {
    const now = yield* Clock.currentTimeMillis
    const { verify } = Context.get(process.context, TokenVerifier.TokenVerifier)
    for (const { expiresAt, kid, text } of world.tokens) {
      const expected = world.judge(process, kid, expiresAt, now)
      const believed = Result.isSuccess(yield* Effect.result(verify(text)))
      if (expected !== "either" && believed !== (expected === "yes"))
        world.wrong.push(`at ${now - begun}: ${kid} ${believed ? "is believed" : "is refused"}`)
    }
  })
  for (const step of [
    ...steps,
    { _tag: "Pass", ms: 5_000 } as const,
    ...([0, 1] as const).map((by) => ({ _tag: "Verify", by }) as const)
  ]) {
    const now = yield* Clock.currentTimeMillis
    const [first, second] = processes as [Process, Process]
    const which = (n: 0 | 1) => (n === 0 ? first : second)
    switch (step._tag) {
      case "Pass":
        yield* TestClock.adjust(step.ms)
        break
      case "Rotate":
        world.add(now, step.afterMs, step.graceMs)
        break
      case "Retire":
        world.retire(now, step.key)
        break
      case "Mint": {
        const { context } = which(step.by)
        const { kid } = Context.get(context, SigningKeys.SigningKeys).current
        if (signingAt(world.keys, now) !== null && world.judge(which(step.by), kid, Infinity, now) === "no")
          world.wrong.push(`at ${now - begun}: ${kid} signs`)
        const text = yield* Context.get(context, TokenIssuer.TokenIssuer).mint(asked)
        // Whole seconds, as the token has them.
        world.tokens.push({ text, kid, expiresAt: (Math.floor(now / 1_000) + asked.ttlSeconds) * 1_000 })
        break
      }
      case "Verify":
        yield* verify(which(step.by))
        break
      case "Blind": {
        const process = which(step.who)
        if (process.blind && !step.blind) process.sightedFrom = now
        process.blind = step.blind
      }
    }
    yield* turns
  }
  return world.wrong
}, Effect.scoped)

const steps = Schema.Array(Step).check(Schema.isMaxLength(40))

describe("two processes and one rotation after the other", { tags: ["ADR-0035.1", "ADR-0035.2"] }, () => {
  it.effect.prop(
    "a token is believed in both for as long as the store says so, and no longer than one look after",
    { steps },
    ({ steps }) => Effect.map(run(steps), (wrong) => assert.deepStrictEqual(wrong, [])),
    { arbitrary: { runs: 300 } }
  )

  const mint = { _tag: "Mint", by: 0 } as const
  const verify = { _tag: "Verify", by: 1 } as const
  const pass = (ms: 1_000 | 5_000) => ({ _tag: "Pass", ms }) as const
  const rotate = { _tag: "Rotate", afterMs: 0, graceMs: 60_000 } as const

  it.effect("a process that does not look again is found: it goes on with a key that was retired", () =>
    Effect.gen(function* () {
      const life = [mint, verify, rotate, { _tag: "Retire", key: 0 } as const, pass(5_000), verify]
      assert.deepStrictEqual(yield* run(life), [])
      assert.match((yield* run(life, "looks at nothing again")).join(), /is believed/u)
    })
  )

  it.effect("a process that does not look for a key it is shown is found: it refuses a good token for too long", () =>
    Effect.gen(function* () {
      // It cannot read when both look next, and is shown a token of the new key before it looks again by itself.
      const blind = (blind: boolean) => ({ _tag: "Blind", who: 1, blind }) as const
      const life = [pass(5_000), rotate, blind(true), pass(5_000), mint, blind(false), pass(1_000), verify]
      assert.deepStrictEqual(yield* run(life), [])
      assert.match((yield* run(life, "passes over unknown keys")).join(), /is refused/u)
    })
  )
})
