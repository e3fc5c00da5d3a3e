/**
 * The services that live on the installation's secret keys: its vaults, what checkpoints of the audit tree are signed with, and the sealer of its
 * log.
 */
import * as paging from "@dueline/api/resources/paging"
import { makeSealer, PublishFailed, publishTo, type SealerOptions } from "@dueline/audit/Sealer"
import { type NoteSigner, signerNamedByKey } from "@dueline/audit/note"
import { SealedTree } from "@dueline/postgres/write/SealedTree"
import { loadKeyFile, readAuditSeeds } from "@dueline/secrets/KeyFile"
import * as PersonalDataVaultAes from "@dueline/secrets/PersonalDataVaultAes"
import * as SigningSecrets from "@dueline/secrets/SigningSecrets"
import * as VaultsAes from "@dueline/secrets/VaultsAes"
import type { VaultKeys } from "@dueline/secrets/VaultsAes"
import { deriveKey } from "@dueline/secrets/sealedBox"
import { Context, Effect, Layer, Redacted } from "effect"
import type { Settings } from "./Configuration.ts"
import { checkpointsFolder, homeAt } from "./Home.ts"

/** Requests and profiles are sealed with keys of the same file, so that adding one there is all it takes to use a new one. */
const personalData = ({ opening = [], sealing }: VaultKeys) =>
  PersonalDataVaultAes.layer({
    key: deriveKey(sealing.key, "personal-data"),
    opening: opening.map(({ key }) => deriveKey(key, "personal-data"))
  })

const services = (file: string, auditKeys: string) =>
  Layer.unwrap(
    Effect.map(loadKeyFile(file), ({ signingMaster, vault }) =>
      Layer.mergeAll(
        VaultsAes.layerRequestVault(vault),
        VaultsAes.layerSecretVault(vault),
        personalData(vault),
        SigningSecrets.layerDerived(signingMaster),
        Layer.succeed(AuditSigner, Effect.map(auditSigners(signingMaster, auditKeys), latestOf)),
        paging.layerCursor(deriveKey(signingMaster, "cursor"))
      )
    )
  )

/** The file is there by now, or is made: whether it may be was decided before (`preflight/admission`). */
export const layer = (settings: Pick<Settings, "DUELINE_HOME">) => {
  const { auditKeys, vaultKeys } = homeAt(settings.DUELINE_HOME)
  return services(vaultKeys, auditKeys)
}

/** The latest key, read when it is asked for. */
export class AuditSigner extends Context.Service<AuditSigner, Effect.Effect<NoteSigner, PublishFailed>>()(
  "@dueline/dueline/AuditSigner"
) {}

const prefix = "dueline-audit"

type Signers = readonly [NoteSigner, ...ReadonlyArray<NoteSigner>]

/** One after the other. The first follows from the key that calls are signed with, which stays when others are added. */
export const auditSigners = (
  signingMaster: Redacted.Redacted<Uint8Array>,
  file: string
): Effect.Effect<Signers, PublishFailed> =>
  Effect.map(
    Effect.tryPromise({
      try: () => readAuditSeeds(file),
      catch: (error) => new PublishFailed({ detail: error instanceof Error ? error.message : String(error) })
    }),
    (seeds) => [
      signerNamedByKey(prefix, Redacted.value(deriveKey(signingMaster, "audit"))),
      ...seeds.map((seed) => signerNamedByKey(prefix, seed))
    ]
  )

/** The one that signs. */
export const latestOf = (signers: Signers): NoteSigner => signers.at(-1) ?? signers[0]

/** What seals the audit log of an installation: in the program, and in commands beside it or without it. */
export const makeInstallationSealer = (settings: Settings, signer: SealerOptions["signer"]) =>
  Effect.flatMap(SealedTree, (store) =>
    makeSealer({ store, signer, every: settings.DUELINE_AUDIT_EVERY, publish: publishTo(checkpointsFolder(settings)) })
  )
