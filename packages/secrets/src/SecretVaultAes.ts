/** Seals secrets with AES-256-GCM under the vault keys of the installation. */
import { SecretVault } from "@dueline/contracts/ports/Vaults"
import { Layer } from "effect"
import { makeSealedTexts, type VaultKeys } from "./sealedTexts.ts"

const what = { one: "a sealed secret", another: "something else" }

export const layer = (keys: VaultKeys): Layer.Layer<SecretVault> =>
  Layer.sync(SecretVault, () => SecretVault.of(makeSealedTexts(keys, what)))
