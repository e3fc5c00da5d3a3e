/** Keys that are rotated and retired: which signs when, whose tokens are believed, and that a running program sees it. */
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { listKeys, retireNow, rotateKey } from "../src/keyRotation.ts"
import * as SigningKeys from "../src/SigningKeys.ts"

const root = mkdtempSync(join(tmpdir(), "dueline-rotation-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const fresh = Effect.sync(() => join(mkdtempSync(join(root, "of-")), "keys"))
const times = { afterMs: 3_600_000, graceMs: 36_000_000 }

/** A program that runs on the directory. */
const running = <A, E>(directory: string, use: (keys: SigningKeys.SigningKeys["Service"]) => Effect.Effect<A, E>) =>
  Effect.provide(Effect.flatMap(SigningKeys.SigningKeys, use), SigningKeys.layer({ directory }))

/** Lets time go by, then as many looks at the files as it takes: they are read in real time. */
const pass = (seconds: number, until: () => boolean) =>
  Effect.gen(function* () {
    yield* TestClock.adjust(`${seconds} seconds`)
    for (let look = 0; look < 100 && !until(); look += 1) {
      yield* TestClock.adjust("5 seconds")
      for (let turn = 0; turn < 200 && !until(); turn += 1) yield* Effect.promise(() => new Promise(setImmediate))
    }
    assert.isTrue(until())
  })

describe("rotation", { tags: ["ADR-0035.1"] }, () => {
  it.effect(
    "a new key is published at once, signs after a while, and those before are believed until their grace is over",
    () =>
      Effect.gen(function* () {
        const directory = yield* fresh
        yield* running(directory, (keys) =>
          Effect.gen(function* () {
            const first = keys.current.kid
            const { kid } = yield* rotateKey(directory, times)
            assert.strictEqual(statSync(join(directory, "rs256-0002.pem")).mode & 0o777, 0o600)
            yield* pass(5, () => keys.jwks.keys.length === 2)
            assert.strictEqual(keys.current.kid, first)
            yield* pass(3_600, () => keys.current.kid === kid)
            assert.sameMembers([...keys.byKid.keys()], [first, kid])
            yield* pass(36_000, () => keys.byKid.size === 1)
            assert.deepStrictEqual(
              keys.jwks.keys.map((key) => key.kid),
              [kid]
            )
            const listed = yield* listKeys(directory)
            assert.deepStrictEqual(
              listed.map(({ use }) => use),
              ["retired", "signs"]
            )
          })
        )
      })
  )

  it.effect("a key that is retired is refused at once; the last one stays", () =>
    Effect.gen(function* () {
      const directory = yield* fresh
      yield* running(directory, (keys) =>
        Effect.gen(function* () {
          const first = keys.current.kid
          assert.match((yield* Effect.flip(retireNow(directory, first))).detail, /the only key that is not retired/u)
          yield* rotateKey(directory, { ...times, afterMs: 0 })
          yield* retireNow(directory, first)
          yield* pass(5, () => !keys.byKid.has(first))
          assert.match((yield* Effect.flip(retireNow(directory, keys.current.kid))).detail, /the only key/u)
          assert.match((yield* Effect.flip(retireNow(directory, "no such"))).detail, /there is no key no such/u)
        })
      )
    })
  )

  it.effect("a key stays that would leave those alone whose end is set; where all have ended none is believed", () =>
    Effect.gen(function* () {
      const directory = yield* fresh
      yield* running(directory, (keys) =>
        Effect.gen(function* () {
          const { kid } = yield* rotateKey(directory, { afterMs: 0, graceMs: 60_000 })
          assert.match((yield* Effect.flip(retireNow(directory, kid))).detail, /or about to be/u)
          yield* pass(5, () => keys.current.kid === kid)
          const ended = JSON.stringify({ signsFrom: 0, retiredAt: 0 })
          for (const file of ["rs256-0001.json", "rs256-0002.json"]) writeFileSync(join(directory, file), ended)
          yield* pass(5, () => keys.byKid.size === 0)
          assert.deepStrictEqual(keys.jwks.keys, [])
        })
      )
    })
  )

  it.effect("while what lies beside a key cannot be read, those that were read last hold", () =>
    Effect.gen(function* () {
      const directory = yield* fresh
      yield* running(directory, (keys) =>
        Effect.gen(function* () {
          const first = keys.current.kid
          writeFileSync(join(directory, "rs256-0001.json"), "{")
          yield* TestClock.adjust("6 seconds")
          yield* Effect.promise(() => new Promise(setImmediate))
          assert.strictEqual(keys.current.kid, first)
        })
      )
      const refused = yield* Effect.flip(running(directory, () => Effect.void))
      assert.match(refused.detail, /rs256-0001\.json is not what `dueline key` writes/u)
    })
  )

  it.effect("a key that was put there by hand, with nothing beside it, signs at once when it sorts last", () =>
    Effect.gen(function* () {
      const [directory, other] = [yield* fresh, yield* fresh]
      yield* running(other, () => Effect.void)
      yield* running(directory, () => Effect.void)
      yield* Effect.promise(async () => {
        const { copyFile } = await import("node:fs/promises")
        await copyFile(join(other, "rs256-0001.pem"), join(directory, "rs256-0009.pem"))
      })
      const listed = yield* listKeys(directory)
      assert.deepStrictEqual(
        listed.map(({ use }) => use),
        ["verifies", "signs"]
      )
      yield* rotateKey(directory, times)
      assert.include(readdirSync(directory), "rs256-0010.pem")
    })
  )

  const Instant = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 6 }))
  const Keys = Schema.Array(Schema.Struct({ signsFrom: Instant, retiredAt: Schema.NullOr(Instant) }))

  it.prop(
    "at every time one key signs, it is believed, and it is believed for as long as it was not retired",
    { keys: Keys, now: Instant },
    ({ keys, now }) => {
      const current = SigningKeys.signingAt(keys, now)
      const uses = keys.map((key) => SigningKeys.useAt(keys, key, now))
      assert.lengthOf(
        uses.filter((use) => use === "signs"),
        current === null ? 0 : 1
      )
      assert.strictEqual(
        current === null,
        uses.every((use) => use === "retired")
      )
      for (const [n, { retiredAt }] of keys.entries()) {
        assert.strictEqual(uses[n] === "retired", retiredAt !== null && retiredAt <= now)
      }
    }
  )
})
