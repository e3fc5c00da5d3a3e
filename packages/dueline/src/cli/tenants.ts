/** What `dueline tenant` does. */
import { derivedTenantId } from "@dueline/identity/derivedId"
import * as Tenants from "@dueline/postgres/admin/Tenants"
import { loadKeyFile } from "@dueline/secrets/KeyFile"
import { makeDerived } from "@dueline/secrets/SigningSecrets"
import { Clock, Effect, Layer, Redacted, Schema } from "effect"
import { existsSync } from "node:fs"
import * as Configuration from "../Configuration.ts"
import { homeAt } from "../Home.ts"
import { localInstant, table } from "./format.ts"
import { openDatabase } from "./openDatabase.ts"
import { CommandFailed, hint, print, Shell, usage } from "./Shell.ts"
import { tenantIdOf } from "./tokens.ts"

const listLimit = 1_000

const withTenants = <A, E, R>(use: (tenants: Tenants.Tenants["Service"]) => Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const settings = yield* Configuration.read((yield* Shell).env)
    const store = Tenants.layer.pipe(Layer.provide(openDatabase(settings)))
    return yield* Effect.provide(Effect.flatMap(Tenants.Tenants, use), store)
  })

export const createTenant = Effect.fnUntraced(function* ({ name }: { readonly name: string }) {
  if (!Schema.is(Tenants.TenantName)(name)) {
    return yield* usage("A tenant's name has 1 to 100 characters and no control characters.")
  }
  const tenantId = derivedTenantId(name)
  const createdAt = yield* Clock.currentTimeMillis
  const created = yield* withTenants((tenants) =>
    tenants.create({ tenantId, name, createdAt }).pipe(
      Effect.as(true),
      Effect.catchTag("TenantExists", () => Effect.succeed(false))
    )
  )
  yield* print({ tenantId, name, created }, () => `${tenantId}  ${name}${created ? "" : "  (was there already)"}`)
  yield* hint(`a token for it: dueline token --tenant ${name}`)
})

export const listTenants = Effect.fnUntraced(function* () {
  const { offsetMinutes } = yield* Shell
  const items = yield* withTenants((tenants) => tenants.list({ after: null, limit: listLimit }))
  const documents = items.map((item) => ({ ...item, createdAt: localInstant(item.createdAt, 0) }))
  yield* print({ items: documents }, () =>
    items.length === 0
      ? "no tenants"
      : table([
          ["ID", "NAME", "CREATED"],
          ...items.map(({ createdAt, name, tenantId }) => [
            tenantId,
            name,
            localInstant(createdAt, offsetMinutes(createdAt))
          ])
        ])
  )
  if (items.length === listLimit) yield* hint(`only the first ${listLimit}, by name`)
})

// What `dueline tenant secret` does: the receivers of a tenant's calls verify them with it.

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
