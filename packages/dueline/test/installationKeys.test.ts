/** A key that is added to the installation's file seals from then on; what the older ones sealed opens, and means the same. */
import { assert, it } from "@effect/vitest"
import { CustomerId, TenantId } from "@dueline/contracts/Ids"
import { PersonalDataVault } from "@dueline/contracts/ports/Vaults"
import { Effect } from "effect"
import { readFile, writeFile } from "node:fs/promises"
import { homeAt } from "../src/Home.ts"
import * as InstallationKeys from "../src/InstallationKeys.ts"
import { newHome, removeHome } from "./RunningProgram.ts"

const tenantId = TenantId.make("00000000-0000-7000-8000-000000000001")
const customerId = CustomerId.make("00000000-0000-7000-8000-000000000002")
const profile = { name: "Jo Doe" }

const home = Effect.acquireRelease(Effect.promise(newHome), (path) => Effect.promise(() => removeHome(path)))

/** Puts lines where the first key of the file stands. */
const change = (path: string, to: (key: string) => string) =>
  Effect.promise(async () => {
    const { vaultKeys } = homeAt(path)
    const text = await readFile(vaultKeys, "utf8")
    await writeFile(vaultKeys, text.replace(/^[0-9a-f]{64}$/mu, to))
  })

/** As a program that is started with the file as it is now. */
const started = <A, E>(path: string, use: (vault: PersonalDataVault["Service"]) => Effect.Effect<A, E>) =>
  Effect.flatMap(PersonalDataVault, use).pipe(Effect.provide(InstallationKeys.layer({ DUELINE_HOME: path })))

it.live("profiles open after a key was added, and are recognised as before", () =>
  Effect.gen(function* () {
    const path = yield* home
    const sealed = yield* started(path, (vault) => vault.seal(tenantId, customerId, profile, null))
    const print = yield* started(path, (vault) => Effect.succeed(vault.fingerprint("a request")))
    yield* change(path, (key) => `${"ab".repeat(32)}\n${key}`)
    assert.deepStrictEqual(yield* started(path, (vault) => vault.open(tenantId, customerId, sealed)), profile)
    assert.strictEqual(yield* started(path, (vault) => Effect.succeed(vault.fingerprint("a request"))), print)
    const anew = yield* started(path, (vault) => vault.seal(tenantId, customerId, profile, sealed))
    assert.deepStrictEqual(yield* started(path, (vault) => vault.open(tenantId, customerId, anew)), profile)
  })
)

it.live("profiles stay shut for an installation that has other keys", () =>
  Effect.gen(function* () {
    const path = yield* home
    const sealed = yield* started(path, (vault) => vault.seal(tenantId, customerId, profile, null))
    yield* change(path, () => "cd".repeat(32))
    const refused = yield* Effect.flip(started(path, (vault) => vault.open(tenantId, customerId, sealed)))
    assert.strictEqual(refused._tag, "SealBroken")
  })
)
