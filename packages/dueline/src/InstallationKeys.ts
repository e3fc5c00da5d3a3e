/** The services that live on the installation's secret keys: the vault, the signatures of outgoing calls, the seal on page cursors. */
import * as Cursor from "@dueline/api/Cursor"
import { loadKeyFile } from "@dueline/execution/KeyFile"
import * as RequestVaultAes from "@dueline/execution/RequestVaultAes"
import * as SigningSecrets from "@dueline/execution/SigningSecrets"
import { Effect, Layer, Redacted } from "effect"
import { hkdfSync } from "node:crypto"
import type { Home } from "./Home.ts"

/** Neither key tells anything about the other (HKDF, RFC 5869). */
const cursorKey = (master: Redacted.Redacted<Uint8Array>): Redacted.Redacted<Uint8Array> =>
  Redacted.make(new Uint8Array(hkdfSync("sha256", Redacted.value(master), "", "dueline/cursor/v1", 32)))

export const layer = (home: Home) =>
  Layer.unwrap(
    Effect.map(loadKeyFile(home.vaultKeys), ({ signingMaster, vault }) =>
      Layer.mergeAll(
        RequestVaultAes.layer(vault),
        SigningSecrets.layerDerived(signingMaster),
        Cursor.layer(cursorKey(signingMaster))
      )
    )
  )
