/** The services that live on the installation's secret keys: the vaults, the signatures of outgoing calls, the seal on page cursors. */
import * as paging from "@dueline/api/resources/paging"
import { loadKeyFile } from "@dueline/secrets/KeyFile"
import * as VaultsAes from "@dueline/secrets/VaultsAes"
import type { VaultKeys } from "@dueline/secrets/VaultsAes"
import * as SigningSecrets from "@dueline/secrets/SigningSecrets"
import * as PersonalDataVaultAes from "@dueline/secrets/PersonalDataVaultAes"
import { deriveKey } from "@dueline/secrets/sealedBox"
import { Effect, Layer } from "effect"
import { AuditSigner, auditSigners, latestOf } from "./AuditKeys.ts"
import type { Settings } from "./Configuration.ts"
import { homeAt } from "./Home.ts"

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
