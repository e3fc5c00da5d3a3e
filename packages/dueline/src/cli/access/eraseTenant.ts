/** Erases a tenant that is being deleted, from the command line: beside a running program, which does the same, and without one. */
import type { TenantId } from "@dueline/contracts/Ids"
import { orLogged } from "@dueline/contracts/storeTrouble"
import type { ErasingTenant } from "@dueline/postgres/write/PostgresErasure"
import * as PostgresErasure from "@dueline/postgres/write/PostgresErasure"
import * as PostgresRetention from "@dueline/postgres/write/PostgresRetention"
import * as SealedTree from "@dueline/postgres/write/SealedTree"
import { Effect, Layer, References } from "effect"
import { AuditSigner } from "../../AuditKeys.ts"
import type { Settings } from "../../Configuration.ts"
import { tenantExports } from "../../Home.ts"
import * as InstallationKeys from "../../InstallationKeys.ts"
import { makeErasure } from "../../work/Erasure.ts"
import { makeInstallationSealer } from "../../work/installationSealer.ts"
import { keysOfHome } from "../keysOfHome.ts"

/** What erasing needs of a database that is open. */
export const layer = (settings: Settings) =>
  Layer.mergeAll(PostgresErasure.layer, PostgresRetention.layer, SealedTree.layer, InstallationKeys.layer(settings))

/** What is sealed can be exported and removed only with the keys of the home. */
export const keysAreThere = (settings: Settings) =>
  keysOfHome(settings, "set DUELINE_HOME to the home of the installation: a tenant is erased with its keys at hand")

/** Nothing goes that is not sealed; a program that runs does that too, and two do no harm. */
const sealing = Effect.fnUntraced(function* (settings: Settings) {
  const sealer = yield* makeInstallationSealer(settings, yield* AuditSigner)
  return Effect.gen(function* () {
    while ((yield* sealer.round(false)).more);
  }).pipe(
    Effect.provideService(References.MinimumLogLevel, "None"),
    orLogged("warning", "the audit log could not be sealed"),
    Effect.asVoid
  )
})

export const makeErasing = Effect.fnUntraced(function* (settings: Settings) {
  const seal = yield* sealing(settings)
  const { bury, run } = yield* makeErasure({
    folder: tenantExports(settings),
    elsewhere: () => Effect.void,
    betweenPasses: seal
  })
  return {
    bury,
    /** To its end, which is some fifteen seconds off at the least. */
    erase: <E, R>(tenantId: TenantId, told: (tenant: ErasingTenant, altered: number) => Effect.Effect<void, E, R>) =>
      Effect.andThen(seal, run(tenantId, told))
  }
})
