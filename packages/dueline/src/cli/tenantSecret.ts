/** What `dueline tenant secret` does: the receivers of a tenant's calls verify them with it. */
import { loadKeyFile } from "@dueline/secrets/KeyFile"
import { makeDerived } from "@dueline/secrets/SigningSecrets"
import { Effect, Redacted } from "effect"
import { existsSync } from "node:fs"
import * as Configuration from "../Configuration.ts"
import { homeAt } from "../Home.ts"
import { CommandFailed, hint, print, Shell } from "./Shell.ts"
import { tenantIdOf } from "./mintToken.ts"

/** Looking makes no keys: a secret that no running program signs with would only mislead. */
export const printTenantSecret = Effect.fnUntraced(function* ({ name }: { readonly name: string }) {
  const settings = yield* Configuration.read((yield* Shell).env)
  const { vaultKeys } = homeAt(settings.DUELINE_HOME)
  if (!existsSync(vaultKeys)) {
    return yield* new CommandFailed({
      message: `There are no keys in ${vaultKeys}`,
      notes: ["start the program once with `npm start`, or set DUELINE_HOME to its home"]
    })
  }
  const { signingMaster } = yield* loadKeyFile(vaultKeys)
  const tenantId = tenantIdOf(name)
  const secret = yield* makeDerived(signingMaster).secretFor(tenantId)
  if (secret === null) return yield* new CommandFailed({ message: `The calls of ${name} are not signed` })
  yield* print({ tenantId, secret: Redacted.value(secret) }, () => Redacted.value(secret))
  yield* hint(`signs the calls of tenant ${name} (${tenantId}); give it to those who receive them, and to nobody else`)
})
