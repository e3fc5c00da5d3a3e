/** Homes of released programs: the keys that follow from their key file, and what was sealed with them, stay what they are. */
import { CustomerId, ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { sealContext } from "@dueline/contracts/ports/Vaults"
import { assert, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { loadKeyFile } from "../src/KeyFile.ts"
import * as PersonalDataVaultAes from "../src/PersonalDataVaultAes.ts"
import * as VaultsAes from "../src/VaultsAes.ts"
import { makeDerived } from "../src/SigningSecrets.ts"

const tenantId = TenantId.make("11111111-1111-4111-8111-111111111111")
const customerId = CustomerId.make("22222222-2222-4222-8222-222222222222")
const callId = ServiceCallId.make("33333333-3333-4333-8333-333333333333")

const released = {
  ids: ["7b93221c", "deb77ef5"],
  fingerprints: [
    "8610fb7e7fd1d1f82d95a7f0e8af21db454513f2dca143dbacc3193033c21db2",
    "5d782ae793959212ade7536f0656cfe58e406cf823b03aed32cb9c92eb9ccfc7"
  ],
  signingSecret: "whsec_ToawpMhtjxSgdEpoaJdsQemhf9O8NqPCH2Qw3eVxozw=",
  fingerprintOfText: "_OmJzOvkI7jUtmNGuLJVT0UxGiI2-3el8rmj6WB2q04",
  sealedProfile:
    "LP6UvapKFPRCgSAHFX2iPO9nI3E-bXsjluC3Z-05neJbAEdzzBfkWq6wV_QNJDyA_Az11LnN0QH6KVCaRwxNpg." +
    "4K9tLRAzjN9KfoHd6jwGGKVqNWgDtvOb1qsDVkGS7RQX_PJlBdzEE4nJ",
  sealedRequest:
    "v1.7b93221c.EH7SOdRJHrdHRGYhZTbWHxn171iKNRKE6U5_VMxI1RcNJyy2Qjn76QOP5FMIbn5FgqNc1RLslTKb9GhOPN3HJdBb9YAsIcbdNPXTlp9xmbjVdWST95svVn0hjQ"
}

const keyFile = Effect.acquireRelease(
  Effect.promise(async () => {
    const directory = await mkdtemp(join(tmpdir(), "dueline-keys-"))
    const text = `${"22".repeat(32)}\n${"11".repeat(32)}\n`
    await writeFile(join(directory, "installation.keys"), text, { mode: 0o600 })
    return directory
  }),
  (directory) => Effect.promise(() => rm(directory, { recursive: true }))
).pipe(Effect.map((directory) => join(directory, "installation.keys")))

it.effect("the keys of a file that was made by a released program sign, open and recognise as they did", () =>
  Effect.gen(function* () {
    const { fingerprints, signingMaster, vault } = yield* loadKeyFile(yield* keyFile)
    assert.deepStrictEqual(
      [vault.sealing, ...(vault.opening ?? [])].map(({ id }) => id),
      released.ids
    )
    assert.deepStrictEqual(fingerprints, released.fingerprints)
    const secret = yield* makeDerived(signingMaster).secretFor(tenantId)
    assert.strictEqual(secret === null ? null : Redacted.value(secret), released.signingSecret)
    const request = yield* VaultsAes.makeRequestVault(vault).open(released.sealedRequest, sealContext(tenantId, callId))
    assert.deepStrictEqual(request, { url: "https://example.com/", headers: { a: "ž" }, body: null })
    const profiles = PersonalDataVaultAes.make({ key: vault.sealing.key })
    assert.strictEqual(profiles.fingerprint("a@example.com"), released.fingerprintOfText)
    assert.deepStrictEqual(yield* profiles.open(tenantId, customerId, released.sealedProfile), { name: "Ada" })
  })
)
