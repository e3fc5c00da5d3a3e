import { assert, describe, it } from "@effect/vitest"
import { mkdtemp, readFile, rm, stat, writeFile, chmod } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Redacted, Schema } from "effect"
import { loadKeyFile } from "../src/KeyFile.ts"
import { makeRequestVault, type VaultKey } from "../src/VaultsAes.ts"

const key = (id: string, fill: number): VaultKey => ({ id, key: Redacted.make(new Uint8Array(32).fill(fill)) })
const vault = makeRequestVault({ sealing: key("k1", 1) })
const context = "service-call/t/c"
const request = {
  url: "https://example.com/?token=hunter2",
  headers: { authorization: "Bearer hunter2" },
  body: "hunter2"
}

const opens = (sealed: string, where = context, by = vault) =>
  Effect.map(Effect.result(by.open(sealed, where)), (result) => result._tag === "Success")

describe("the vault", { tags: ["ADR-0012.7"] }, () => {
  it.effect.prop(
    "opens what it sealed, whatever that is",
    {
      url: Schema.String,
      headers: Schema.Record(Schema.String, Schema.String),
      body: Schema.NullOr(Schema.String),
      where: Schema.String
    },
    ({ where, ...whole }) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* vault.open(vault.seal(whole, where), where), whole)
      })
  )

  it.effect.prop("opens for no other context", { where: Schema.String, other: Schema.String }, ({ other, where }) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* opens(vault.seal(request, where), other), where === other)
    })
  )

  it.effect("does not open once any one character of the sealed text is another", () =>
    Effect.gen(function* () {
      const sealed = vault.seal(request, context)
      for (let at = 0; at < sealed.length; at++) {
        for (const other of ["A", "B", "-", "=", ".", "\n", "é"]) {
          if (sealed[at] === other) continue
          assert.isFalse(yield* opens(sealed.slice(0, at) + other + sealed.slice(at + 1)), `${other} at ${at}`)
        }
        assert.isFalse(yield* opens(sealed.slice(0, at)), `cut at ${at}`)
      }
      for (const longer of [`${sealed}A`, `${sealed}=`, `${sealed}.`, ` ${sealed}`])
        assert.isFalse(yield* opens(longer))
    })
  )

  it("never seals twice to the same text, and shows nothing of what it holds", () => {
    const sealed = Array.from({ length: 100 }, () => vault.seal(request, context))
    assert.strictEqual(new Set(sealed).size, 100)
    for (const one of sealed) {
      assert.match(one, /^v1\.k1\.[A-Za-z0-9_-]+$/)
      assert.notInclude(Buffer.from(one.split(".")[2] ?? "", "base64url").toString("latin1"), "hunter2")
    }
  })

  it.effect("opens with an older key, and not with a key it does not have", () =>
    Effect.gen(function* () {
      const sealed = vault.seal(request, context)
      const rotated = makeRequestVault({ sealing: key("k2", 2), opening: [key("k1", 1)] })
      assert.isTrue(yield* opens(sealed, context, rotated))
      assert.isTrue(rotated.seal(request, context).startsWith("v1.k2."))
      assert.isFalse(yield* opens(rotated.seal(request, context)))
      assert.isFalse(yield* opens(sealed, context, makeRequestVault({ sealing: key("k1", 9) })))
      assert.isFalse(
        yield* opens(sealed.replace("v1.k1.", "v1.k2."), context, makeRequestVault({ sealing: key("k2", 1) }))
      )
    })
  )

  it("takes no key of another shape", () => {
    assert.throws(() => makeRequestVault({ sealing: { id: "k", key: Redacted.make(new Uint8Array(16)) } }), RangeError)
    assert.throws(() => makeRequestVault({ sealing: key("a.b", 1) }), RangeError)
  })
})

describe("the key file", () => {
  const directory = Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "dueline-keys-"))),
    (path) => Effect.promise(() => rm(path, { recursive: true }))
  )

  it.effect("is made once, for its owner alone, and read ever after, also by two first starts at once", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "home", "keys")
      const [a, b] = yield* Effect.all([loadKeyFile(path), loadKeyFile(path)], { concurrency: 2 })
      const c = yield* loadKeyFile(path)
      assert.strictEqual((yield* Effect.promise(() => stat(path))).mode & 0o777, 0o600)
      const sealed = makeRequestVault(a.vault).seal(request, context)
      for (const keys of [b, c]) {
        assert.deepStrictEqual(yield* makeRequestVault(keys.vault).open(sealed, context), request)
        assert.deepStrictEqual(Redacted.value(keys.signingMaster), Redacted.value(a.signingMaster))
      }
    })
  )

  it.effect("may get a new key at the top: it seals, the old one still opens and signs", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "keys")
      const before = yield* loadKeyFile(path)
      const sealed = makeRequestVault(before.vault).seal(request, context)
      const text = yield* Effect.promise(() => readFile(path, "utf8"))
      yield* Effect.promise(() => writeFile(path, `${"ab".repeat(32)}\n${text}`))
      const after = yield* loadKeyFile(path)
      assert.deepStrictEqual(yield* makeRequestVault(after.vault).open(sealed, context), request)
      assert.notStrictEqual(after.vault.sealing.id, before.vault.sealing.id)
      assert.deepStrictEqual(Redacted.value(after.signingMaster), Redacted.value(before.signingMaster))
    })
  )

  it.effect("is refused when others can read it, when it is damaged, and when it is no file", () =>
    Effect.gen(function* () {
      const home = yield* directory
      const path = join(home, "keys")
      yield* loadKeyFile(path)
      yield* Effect.promise(() => chmod(path, 0o644))
      assert.include((yield* Effect.flip(loadKeyFile(path))).detail, "0600")
      yield* Effect.promise(() => chmod(path, 0o600))
      for (const damaged of ["", "# nothing\n", "abc\n"]) {
        yield* Effect.promise(() => writeFile(path, damaged))
        assert.include((yield* Effect.flip(loadKeyFile(path))).detail, "key")
      }
      assert.strictEqual((yield* Effect.flip(loadKeyFile(home)))._tag, "KeyFileUnusable")
    })
  )
})
