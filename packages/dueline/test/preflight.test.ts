/** Home, keys and database: what belongs together is let through, what does not is refused before anything is made or changed. */
import { loadKeyFile } from "@dueline/secrets/KeyFile"
import * as SigningKeys from "@dueline/secrets/SigningKeys"
import { Database } from "@dueline/postgres/Database"
import { readInstallation } from "@dueline/postgres/schema/Installation"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { RequestVault, sealContext } from "@dueline/contracts/ports/Vaults"
import type { ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, type Scope } from "effect"
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Home, homeAt } from "../src/Home.ts"
import * as InstallationKeys from "../src/InstallationKeys.ts"
import { admit, prepareHome } from "../src/preflight/admission.ts"

const tags = ["ADR-0026.2"]

const fresh = Effect.acquireRelease(
  Effect.sync(() => homeAt(mkdtempSync(join(tmpdir(), "dueline-preflight-")))),
  ({ path }) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const settings = ({ path }: Home, DUELINE_NEW_KEYS: "yes" | "no" = "no") => ({ DUELINE_HOME: path, DUELINE_NEW_KEYS })

const refusalOf = <E extends { readonly message: string }, R>(effect: Effect.Effect<void, E, R>) =>
  Effect.map(Effect.flip(effect), ({ message }) => message)

const facts = Effect.flatMap(Database, ({ writer }) => readInstallation(writer))

/** All files below the home with what is in them: nothing may change where something is refused. */
const filesIn = ({ path }: Home) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${join(entry.parentPath, entry.name)} ${readFileSync(join(entry.parentPath, entry.name), "utf8")}`)
    .sort()

const tenantId = "00000000-0000-7000-8000-000000000001" as TenantId
const callId = "00000000-0000-7000-8000-00000000000c" as ServiceCallId

/** A pending call whose request is sealed with the keys of this home. */
const sealCall = (home: Home) =>
  Effect.gen(function* () {
    const vault = yield* RequestVault
    const sealed = vault.seal({ url: "https://example.com", headers: {}, body: null }, sealContext(tenantId, callId))
    yield* TestDatabase.session((sql) =>
      sql.unsafe(
        `insert into dueline.service_calls (tenant_id, call_id, version, status, created_at, updated_at, due_at, wake_at, revision, attempt,
            epoch, cancel_requested, method, url, headers, body_bytes, timeout_ms, retry, tags, correlation_id, sealed)
          values ('${tenantId}', '${callId}', 1, 'Scheduled', 1, 1, 1, 1, 1, 0, 0, false, 'GET', 'x', '{}', 0, 1, '{}', '{}', 'c', '${sealed}')`
      )
    )
  }).pipe(Effect.provide(InstallationKeys.layer({ DUELINE_HOME: home.path })))

describe("before a database is started", { tags }, () => {
  it.effect(
    "a fresh home gets its keys, and keys that are missing beside data are refused unless new ones are asked for",
    () =>
      Effect.gen(function* () {
        const home = yield* fresh
        yield* prepareHome(settings(home))
        assert.isTrue(existsSync(home.vaultKeys))
        mkdirSync(home.data, { recursive: true })
        yield* prepareHome(settings(home))
        rmSync(home.vaultKeys)
        const message = yield* refusalOf(prepareHome(settings(home)))
        assert.include(message, home.vaultKeys)
        assert.include(message, "DUELINE_NEW_KEYS=yes")
        assert.isFalse(existsSync(home.vaultKeys))
        yield* prepareHome(settings(home, "yes"))
        assert.isTrue(existsSync(home.vaultKeys))
      })
  )

  it.effect("a home that has been used and has no database any more is refused, and gets no empty one", () =>
    Effect.gen(function* () {
      const home = yield* fresh
      yield* prepareHome(settings(home))
      writeFileSync(home.installationId, "018f3c1e-7b5a-8c3d-9e2f-0a1b2c3d4e5f\n")
      const before = filesIn(home)
      assert.match(
        yield* refusalOf(prepareHome(settings(home))),
        /has been used, and there is no database.*restore them/u
      )
      assert.deepStrictEqual(filesIn(home), before)
    })
  )

  it.effect("files that cannot be read are named, all of them at once", () =>
    Effect.gen(function* () {
      const home = yield* fresh
      mkdirSync(home.keys, { recursive: true })
      writeFileSync(home.installationId, "nonsense\n")
      writeFileSync(home.vaultKeys, "not a key\n", { mode: 0o600 })
      writeFileSync(join(home.keys, "a.pem"), "not a key\n", { mode: 0o600 })
      const message = yield* refusalOf(prepareHome(settings(home)))
      assert.lengthOf(message.split("\n"), 3)
      for (const file of [home.installationId, home.vaultKeys, join(home.keys, "a.pem")]) assert.include(message, file)
    })
  )
})

/** As a database that nobody has used yet. */
const emptied = TestDatabase.session((sql) =>
  sql.unsafe("truncate dueline.installation, dueline.installation_keys, dueline.service_calls")
)

it.layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("with the database there", (it) => {
  const onDatabase = <E>(
    name: string,
    use: Effect.Effect<void, E, Database | TestDatabase.TestDatabase | Scope.Scope>
  ) => it.effect(name, () => Effect.andThen(emptied, use), { tags })

  onDatabase(
    "a first start gives both the same id and notes the keys; the next starts change nothing",
    Effect.gen(function* () {
      const home = yield* fresh
      yield* admit(settings(home))
      const { id, keys } = yield* facts
      assert.strictEqual(readFileSync(home.installationId, "utf8").trim(), id)
      assert.deepStrictEqual(keys.map(({ purpose }) => purpose).sort(), ["seal", "sign", "token"])
      const before = filesIn(home)
      yield* admit(settings(home))
      assert.deepStrictEqual(filesIn(home), before)
      assert.deepStrictEqual((yield* facts).keys, keys)
      const secrets = readFileSync(home.vaultKeys, "utf8")
        .split("\n")
        .filter((line) => /^[0-9a-f]{64}$/u.test(line))
      for (const { fingerprint } of keys) assert.isFalse(secrets.includes(fingerprint))
    })
  )

  onDatabase(
    "keys of another installation are refused, and with them whatever was sealed stays as it is",
    Effect.gen(function* () {
      const [home, other] = [yield* fresh, yield* fresh]
      yield* admit(settings(home))
      yield* loadKeyFile(other.vaultKeys)
      cpSync(other.vaultKeys, home.vaultKeys)
      const before = filesIn(home)
      assert.match(
        yield* refusalOf(admit(settings(home))),
        /holds other keys than the database was used with: restore/u
      )
      assert.deepStrictEqual(filesIn(home), before)
      yield* admit(settings(home, "yes"))
      yield* admit(settings(home))
    })
  )

  onDatabase(
    "a key that was added at the top is noted, and must not be taken away again",
    Effect.gen(function* () {
      const home = yield* fresh
      yield* admit(settings(home))
      const first = readFileSync(home.vaultKeys, "utf8")
      writeFileSync(home.vaultKeys, `${"ab".repeat(32)}\n${first}`)
      yield* admit(settings(home))
      assert.lengthOf((yield* facts).keys, 4)
      writeFileSync(home.vaultKeys, first)
      assert.match(yield* refusalOf(admit(settings(home))), /lacks 1 of the keys/u)
      writeFileSync(home.vaultKeys, `${first}${"ab".repeat(32)}\n`)
      assert.match(
        yield* refusalOf(admit(settings(home))),
        /the last line of .* is not the key that calls are signed with/u
      )
    })
  )

  onDatabase(
    "token keys that are gone, or are all others, are refused, and none is made; one that is added is noted",
    Effect.gen(function* () {
      const [home, other] = [yield* fresh, yield* fresh]
      yield* admit(settings(home))
      cpSync(home.keys, join(home.path, "kept"), { recursive: true })
      rmSync(home.keys, { recursive: true })
      assert.match(yield* refusalOf(admit(settings(home))), /holds no key, and tokens have been signed/u)
      assert.isFalse(existsSync(home.keys))
      yield* Effect.scoped(Layer.build(SigningKeys.layer({ directory: other.keys })))
      cpSync(other.keys, home.keys, { recursive: true })
      assert.match(yield* refusalOf(admit(settings(home))), /no key in .* is one that tokens/u)
      cpSync(join(home.path, "kept", "rs256-0001.pem"), join(home.keys, "rs256-0000.pem"))
      yield* admit(settings(home))
      assert.lengthOf(
        (yield* facts).keys.filter(({ purpose }) => purpose === "token"),
        2
      )
    })
  )

  onDatabase(
    "a home that belongs to another database is refused, whether that is empty or not, and keeps its id",
    Effect.gen(function* () {
      const [home, other] = [yield* fresh, yield* fresh]
      const id = "018f3c1e-7b5a-8c3d-9e2f-0a1b2c3d4e5f"
      yield* loadKeyFile(home.vaultKeys)
      writeFileSync(home.installationId, `${id}\n`)
      assert.match(yield* refusalOf(admit(settings(home))), /the database is an empty one/u)
      assert.isNull((yield* facts).id)
      yield* admit(settings(other))
      assert.match(yield* refusalOf(admit(settings(home))), /this home belongs to installation .*, the database to /u)
      assert.strictEqual(readFileSync(home.installationId, "utf8").trim(), id)
    })
  )

  onDatabase(
    "a home whose id was lost gets it back from the database that its keys fit",
    Effect.gen(function* () {
      const home = yield* fresh
      yield* admit(settings(home))
      const id = readFileSync(home.installationId, "utf8")
      rmSync(home.installationId)
      yield* admit(settings(home))
      assert.strictEqual(readFileSync(home.installationId, "utf8"), id)
    })
  )

  onDatabase(
    "an installation from before there were fingerprints gets them if what it sealed opens, and is refused if not",
    Effect.gen(function* () {
      const [home, other] = [yield* fresh, yield* fresh]
      yield* loadKeyFile(home.vaultKeys)
      yield* sealCall(home)
      assert.match(yield* refusalOf(admit(settings(other))), /is missing, and the database has been used/u)
      yield* loadKeyFile(other.vaultKeys)
      assert.match(yield* refusalOf(admit(settings(other))), /does not open with the keys in/u)
      assert.deepStrictEqual(yield* facts, { id: null, keys: [], used: true })
      yield* admit(settings(home))
      assert.lengthOf((yield* facts).keys, 3)
    })
  )

  onDatabase(
    "of processes with different keys that start at once on an empty database one is let through, and the others are refused",
    Effect.gen(function* () {
      const homes = yield* Effect.all([fresh, fresh, fresh, fresh])
      const ends = yield* Effect.forEach(homes, (home) => Effect.result(admit(settings(home))), {
        concurrency: "unbounded"
      })
      assert.lengthOf(
        ends.filter(({ _tag }) => _tag === "Success"),
        1
      )
      assert.lengthOf((yield* facts).keys, 3)
    })
  )
})
