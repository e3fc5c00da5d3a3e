/** The services that live on the installation's secret keys: the vaults, the signatures of outgoing calls, the seal on page cursors. */
import { type NoteSigner, signerNamedByKey } from "@dueline/audit/note"
import * as Cursor from "@dueline/api/resources/Cursor"
import { loadKeyFile } from "@dueline/secrets/KeyFile"
import * as RequestVaultAes from "@dueline/secrets/RequestVaultAes"
import * as SecretVaultAes from "@dueline/secrets/SecretVaultAes"
import type { VaultKeys } from "@dueline/secrets/sealedTexts"
import * as SigningSecrets from "@dueline/secrets/SigningSecrets"
import * as PersonalDataVaultAes from "@dueline/secrets/PersonalDataVaultAes"
import { deriveKey } from "@dueline/secrets/sealedBox"
import { Context, Effect, Layer, Redacted } from "effect"
import type { Settings } from "./Configuration.ts"
import { homeAt } from "./Home.ts"

/** Requests and profiles are sealed with keys of the same file, so that adding one there is all it takes to use a new one. */
const personalData = ({ opening = [], sealing }: VaultKeys) =>
  PersonalDataVaultAes.layer({
    key: deriveKey(sealing.key, "personal-data"),
    opening: opening.map(({ key }) => deriveKey(key, "personal-data"))
  })

/** What checkpoints of the audit tree are signed with: the same in every process, and in no database. */
export class AuditSigner extends Context.Service<AuditSigner, NoteSigner>()("@dueline/dueline/AuditSigner") {}

/** It follows from the key that calls are signed with, which stays when others are added. */
export const auditSigner = (signingMaster: Redacted.Redacted<Uint8Array>): NoteSigner =>
  signerNamedByKey("dueline-audit", Redacted.value(deriveKey(signingMaster, "audit")))

const services = (file: string) =>
  Layer.unwrap(
    Effect.map(loadKeyFile(file), ({ signingMaster, vault }) =>
      Layer.mergeAll(
        RequestVaultAes.layer(vault),
        SecretVaultAes.layer(vault),
        personalData(vault),
        SigningSecrets.layerDerived(signingMaster),
        Layer.sync(AuditSigner, () => AuditSigner.of(auditSigner(signingMaster))),
        Cursor.layer(deriveKey(signingMaster, "cursor"))
      )
    )
  )

/** The file is there by now, or is made: whether it may be was decided before (`preflight/admission`). */
export const layer = (settings: Pick<Settings, "DUELINE_HOME">) => services(homeAt(settings.DUELINE_HOME).vaultKeys)
