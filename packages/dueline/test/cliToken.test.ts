import { tenantScopes } from "@dueline/contracts/api/Access"
import { derivedTenantId } from "@dueline/identity/derivedId"
import * as SigningKeys from "@dueline/secrets/SigningKeys"
import * as TokenVerifier from "@dueline/identity/TokenVerifier"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { homeAt } from "../src/Home.ts"
import { fakeProgram } from "./FakeProgram.ts"
import { runCli } from "./runCli.ts"

const home = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "dueline-cli-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const keysOf = (path: string) => SigningKeys.layer({ directory: homeAt(path).keys })

/** What a program with this home thinks of the token. */
const verified = (path: string, token: string) =>
  Effect.flatMap(TokenVerifier.TokenVerifier, ({ verify }) => verify(token)).pipe(
    Effect.provide(TokenVerifier.layer().pipe(Layer.provide(keysOf(path))))
  )

it.effect("token prints a token and nothing else, which a program with the same home believes", () =>
  Effect.gen(function* () {
    const path = yield* home
    yield* Effect.provide(SigningKeys.SigningKeys, keysOf(path))
    const { exitCode, stderr, stdout } = yield* runCli(["token", "--unchecked"], { env: { DUELINE_HOME: path } })
    assert.strictEqual(stderr, "")
    assert.match(stdout, /^[\w-]+\.[\w-]+\.[\w-]+$/u)
    assert.strictEqual(exitCode, 0)
    const access = yield* verified(path, stdout)
    assert.strictEqual(access.tenantId, derivedTenantId("demo"))
    assert.deepStrictEqual(access.scopes, tenantScopes)
    assert.strictEqual(access.expiresAt, 3_600_000)
  })
)

it.effect("tenant by name or id, scope, time and subject are what was asked for", () =>
  Effect.gen(function* () {
    const path = yield* home
    yield* Effect.provide(SigningKeys.SigningKeys, keysOf(path))
    const flags = ["--unchecked", "--scope", "ops:calls.read", "--ttl", "90s", "--subject", "me"]
    for (const tenant of ["acme", derivedTenantId("acme")]) {
      const { stderr, stdout } = yield* runCli(["token", "--tenant", tenant, ...flags], {
        env: { DUELINE_HOME: path },
        isTerminal: true
      })
      assert.include(stderr, "nobody was asked whether there is such a tenant")
      const access = yield* verified(path, stdout)
      assert.deepStrictEqual(
        [access.tenantId, access.subject, access.scopes, access.expiresAt],
        [derivedTenantId("acme"), "me", ["ops:calls.read"], 90_000]
      )
    }
  })
)

it.effect("without keys no token is made, and no key either: another home was meant", () =>
  Effect.gen(function* () {
    const path = yield* home
    const { exitCode, stderr, stdout } = yield* runCli(["token"], { env: { DUELINE_HOME: path } })
    assert.match(stderr, /^error: There are no signing keys in /u)
    assert.strictEqual(stdout, "")
    assert.strictEqual(exitCode, 1)
    assert.isFalse(existsSync(homeAt(path).keys))
  })
)

it.effect("where no database can be asked for the tenant no token is made, and no database either", () =>
  Effect.gen(function* () {
    const path = yield* home
    yield* Effect.provide(SigningKeys.SigningKeys, keysOf(path))
    const { exitCode, stderr, stdout } = yield* runCli(["token"], { env: { DUELINE_HOME: path } })
    assert.match(stderr, /^error: Whether there is such a tenant cannot be asked: there is no database in /u)
    assert.include(stderr, "--unchecked")
    assert.strictEqual(stdout, "")
    assert.strictEqual(exitCode, 1)
    assert.isFalse(existsSync(homeAt(path).data))
  })
)

it.effect("a call without a token makes one for the tenant demo from the keys of its home", () =>
  Effect.gen(function* () {
    const path = yield* home
    yield* Effect.provide(SigningKeys.SigningKeys, keysOf(path))
    const { asked, fetch } = fakeProgram()
    yield* runCli(["call", "list"], { fetch, env: { DUELINE_HOME: path, DUELINE_TOKEN: "" } })
    const [scheme, token = ""] = (asked[0]?.headers["authorization"] ?? "").split(" ")
    assert.strictEqual(scheme, "Bearer")
    assert.strictEqual((yield* verified(path, token)).tenantId, derivedTenantId("demo"))
  })
)

it.effect("a role is what the bearer may do, as far as the scopes go, and one that there is not is refused", () =>
  Effect.gen(function* () {
    const path = yield* home
    yield* Effect.provide(SigningKeys.SigningKeys, keysOf(path))
    const env = { DUELINE_HOME: path, DUELINE_ROLES: "planner=viewer +ops:orders.write" }
    const scopesOf = (...flags: ReadonlyArray<string>) =>
      Effect.flatMap(runCli(["token", "--unchecked", ...flags], { env }), ({ stderr, stdout }) =>
        stderr === "" ? Effect.map(verified(path, stdout), ({ scopes }) => scopes) : Effect.succeed([stderr])
      )
    assert.deepStrictEqual(
      yield* scopesOf("--role", "viewer", "--scope", "ops:bins.read", "--scope", "ops:bins.write"),
      ["ops:bins.read"]
    )
    assert.deepStrictEqual(yield* scopesOf("--role", "admin"), tenantScopes)
    const [refused] = yield* scopesOf("--role", "owner")
    assert.match(refused ?? "", /There is no role owner\n +there are: viewer, editor, admin, planner/u)
  })
)
