/** `dueline console`: a link by which a person signs in. */
import { AccessScope, platformScopes } from "@dueline/contracts/api/Access"
import type { TenantId } from "@dueline/contracts/Ids"
import * as PostgresDirectories from "@dueline/postgres/read/PostgresDirectories"
import * as PostgresAuditTrail from "@dueline/postgres/write/PostgresAuditTrail"
import * as PostgresSessions from "@dueline/postgres/write/PostgresSessions"
import { Effect, Layer } from "effect"
import { existsSync } from "node:fs"
import * as Configuration from "../../Configuration.ts"
import { homeAt } from "../../Home.ts"
import { browserAddress, makeSignInLink } from "../../makeSignInLink.ts"
import { noted } from "../audit/noteCommand.ts"
import { openDatabase } from "../database/openDatabase.ts"
import { CommandFailed, hint, print, Shell } from "../Shell.ts"
import { checkTenant, scopesAsked, tenantIdOf } from "./tokens.ts"

export interface ConsoleLinkInput {
  readonly tenants: ReadonlyArray<string>
  readonly roles: ReadonlyArray<string>
  readonly scopes: ReadonlyArray<AccessScope>
  readonly operator: boolean
  readonly subject: string
  readonly server: string | undefined
}

const patience = "20 seconds"

const noDatabase = (why: string) =>
  new CommandFailed({
    message: `No link can be made: ${why}`,
    notes: ["start the program, or check DUELINE_DATABASE_URL"]
  })

export const printConsoleLink = Effect.fnUntraced(function* (input: ConsoleLinkInput) {
  const settings = yield* Configuration.read((yield* Shell).env)
  if (settings.DUELINE_DATABASE_URL === null && !existsSync(homeAt(settings.DUELINE_HOME).data))
    return yield* noDatabase(`there is no database in ${settings.DUELINE_HOME}`)
  const names = input.tenants.length === 0 ? ["demo"] : input.tenants
  const asked = yield* scopesAsked(settings, input)
  const scopes = AccessScope.literals.filter(
    (scope) => asked.includes(scope) || (input.operator && platformScopes.has(scope))
  )
  const tenants = names.map(tenantIdOf) as [TenantId, ...Array<TenantId>]
  const database = Layer.mergeAll(
    PostgresDirectories.layerTenantDirectory,
    PostgresSessions.layer,
    PostgresAuditTrail.layer
  ).pipe(Layer.provide(openDatabase(settings)))
  const link = yield* Effect.gen(function* () {
    yield* Effect.forEach(names, checkTenant, { discard: true })
    yield* noted({ action: "console", resource: input.subject, tenantId: tenants[0] })
    return yield* makeSignInLink({
      tenants,
      subject: input.subject,
      roles: input.operator || input.roles.length === 0 ? null : input.roles,
      scopes,
      address: input.server ?? browserAddress(`http://127.0.0.1:${settings.PORT}`, settings.DUELINE_PUBLIC_URL)
    })
  }).pipe(
    Effect.provide(database),
    Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(noDatabase("it does not answer")) })
  )
  yield* print(
    {
      url: link.url,
      code: link.code,
      session: link.session,
      tenants,
      subject: input.subject,
      scopes,
      goodUntil: new Date(link.goodUntil).toISOString()
    },
    ({ url }) => url
  )
  yield* hint("good once, for ten minutes: whoever opens it is signed in")
})
