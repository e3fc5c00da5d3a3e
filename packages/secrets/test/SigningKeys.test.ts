import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { generateKeyPairSync } from "node:crypto"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { placeOnce } from "../src/secretFiles.ts"
import * as SigningKeys from "../src/SigningKeys.ts"

const keysIn = (directory: string) => Effect.provide(SigningKeys.SigningKeys, SigningKeys.layer({ directory }))
const fresh = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "dueline-keys-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
).pipe(Effect.map((folder) => join(folder, "keys")))
const pem = (bits: number) =>
  generateKeyPairSync("rsa", { modulusLength: bits }).privateKey.export({ type: "pkcs8", format: "pem" })

it.effect("the first key is made once, for its owner's eyes only", () =>
  Effect.gen(function* () {
    const directory = yield* fresh
    const first = yield* keysIn(directory)
    const second = yield* keysIn(directory)
    assert.strictEqual(second.current.kid, first.current.kid)
    assert.deepStrictEqual(readdirSync(directory), ["rs256-0001.pem"])
    assert.strictEqual(statSync(directory).mode & 0o777, 0o700)
    assert.strictEqual(statSync(join(directory, "rs256-0001.pem")).mode & 0o777, 0o600)
    assert.isAtLeast(first.current.publicKey.asymmetricKeyDetails?.modulusLength ?? 0, 2048)
  })
)

it.effect("programs that start at once agree on one key", () =>
  Effect.gen(function* () {
    const directory = yield* fresh
    const all = yield* Effect.all(
      [1, 2, 3].map(() => keysIn(directory)),
      { concurrency: "unbounded" }
    )
    assert.strictEqual(new Set(all.map(({ current }) => current.kid)).size, 1)
  })
)

it.effect("of files that are placed at once one is there, whole, for everybody, and no draft is left", () =>
  Effect.gen(function* () {
    const keys = Array.from({ length: 16 }, (_, index) => `key ${index} `.repeat(200))
    for (let round = 0; round < 50; round++) {
      const directory = mkdtempSync(join(tmpdir(), "dueline-keys-"))
      const seen = yield* Effect.all(
        keys.map((key) =>
          Effect.promise(async () => {
            await placeOnce(join(directory, "first.key"), key)
            return readFileSync(join(directory, "first.key"), "utf8")
          })
        ),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(new Set(seen).size, 1)
      assert.include(keys, seen[0])
      assert.deepStrictEqual(readdirSync(directory), ["first.key"])
      rmSync(directory, { recursive: true })
    }
  })
)

it.effect("with several keys the last by name signs and all are published by their thumbprint", () =>
  Effect.gen(function* () {
    const directory = yield* fresh
    const first = yield* keysIn(directory)
    writeFileSync(join(directory, "rs256-0002.pem"), pem(2048), { mode: 0o600 })
    const both = yield* keysIn(directory)
    assert.notStrictEqual(both.current.kid, first.current.kid)
    assert.deepStrictEqual(
      [...both.byKid.keys()],
      both.jwks.keys.map(({ kid }) => kid)
    )
    assert.strictEqual(both.byKid.get(first.current.kid)?.kid, first.current.kid)
    assert.notInclude(JSON.stringify(both.jwks), '"d"')
  })
)

it.effect("a key that others can read, that is too short or that is none is refused by name and never shown", () =>
  Effect.gen(function* () {
    for (const [text, mode] of [
      [pem(2048), 0o644],
      [pem(1024), 0o600],
      [generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }), 0o600],
      ["-----BEGIN PRIVATE KEY-----\nsecret", 0o600]
    ] as const) {
      const directory = yield* fresh
      yield* keysIn(directory)
      const file = join(directory, "rs256-0002.pem")
      writeFileSync(file, text)
      chmodSync(file, mode)
      const error = yield* Effect.flip(keysIn(directory))
      assert.strictEqual(error._tag, "KeysUnusable")
      assert.notInclude(error.detail, "secret")
      assert.include(error.detail, file)
      assert.strictEqual(readFileSync(file, "utf8"), text)
    }
  })
)

it.effect.skipIf(process.platform !== "linux")(
  "a directory that cannot be made is refused by name, also on procfs",
  () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(keysIn("/proc/x/keys"))
      assert.match(error.detail, /^cannot make \/proc\/x: .*set DUELINE_HOME/u)
    })
)
