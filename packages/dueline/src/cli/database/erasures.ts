/**
 * What `dueline erasures` does: an erasure outlives the backups that were made before it. Erases a tenant that is being deleted, from the command
 * line: beside a running program, which does the same, and without one.
 */
import { systemEnvelope } from "@dueline/contracts/Envelope"
import { CustomerId, EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { TenantDirectory } from "@dueline/contracts/ports/Directories"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { orLogged } from "@dueline/contracts/storeTrouble"
import { randomCorrelationId } from "@dueline/identity/randomId"
import { erasedCustomers, erasedTenants } from "@dueline/postgres/admin/erasedCustomers"
import * as PostgresErasure from "@dueline/postgres/write/PostgresErasure"
import type { ErasingTenant } from "@dueline/postgres/write/PostgresErasure"
import * as PostgresRetention from "@dueline/postgres/write/PostgresRetention"
import * as SealedTree from "@dueline/postgres/write/SealedTree"
import { Clock, Console, Effect, Layer, References, Schema, Stream } from "effect"
import { readFileSync } from "node:fs"
import * as Configuration from "../../Configuration.ts"
import type { Settings } from "../../Configuration.ts"
import { tenantExports } from "../../Home.ts"
import * as InstallationKeys from "../../InstallationKeys.ts"
import { AuditSigner, makeInstallationSealer } from "../../InstallationKeys.ts"
import { deleteTenant } from "../../changeTenant.ts"
import { makeErasure } from "../../work/Erasure.ts"
import { CommandFailed, print, Shell } from "../Shell.ts"
import { localInstant } from "../format.ts"
import { keysOfHome } from "../keysOfHome.ts"
import { commandWriters } from "./commandWriters.ts"
import { openDatabase } from "./openDatabase.ts"

/** Lines of the list: a customer, or a tenant with everything. */
const ErasedCustomer = Schema.Struct({ tenantId: TenantId, customerId: CustomerId, erasedAt: Schema.String })
type ErasedCustomer = typeof ErasedCustomer.Type
const Erasure = Schema.Union([ErasedCustomer, Schema.Struct({ tenantId: TenantId, tenantErasedAt: Schema.String })])
type Erasure = typeof Erasure.Type

/** One JSON document a line, with and without `--json`: it is a file for `apply`. */
export const listErasures = Effect.fnUntraced(function* () {
  const settings = yield* Configuration.read((yield* Shell).env)
  const work = Effect.gen(function* () {
    for (const { at, tenantId } of yield* erasedTenants)
      yield* Console.log(JSON.stringify({ tenantId, tenantErasedAt: localInstant(at, 0) }))
    yield* Stream.runForEach(erasedCustomers, ({ customerId, erasedAt, tenantId }) =>
      Console.log(JSON.stringify({ tenantId, customerId, erasedAt: localInstant(erasedAt, 0) }))
    )
  })
  yield* Effect.provide(work, openDatabase(settings))
})

const decodeLine = Schema.decodeUnknownEffect(Schema.fromJsonString(Erasure))

/** All lines are read before the first customer is erased: a list that is damaged changes nothing. */
export const readErasures = Effect.fnUntraced(function* (file: string) {
  const text = yield* Effect.try({
    try: () => readFileSync(file, "utf8"),
    catch: (cause) => new CommandFailed({ message: `${file} cannot be read: ${String(cause)}` })
  })
  const lines = text.split("\n").filter((line) => line.trim() !== "")
  return yield* Effect.forEach(lines, (line, index) =>
    Effect.mapError(
      decodeLine(line),
      () =>
        new CommandFailed({
          message: `Line ${index + 1} of ${file} is no erasure`,
          notes: ["each line is as `dueline erasures list` prints it; nothing was changed"]
        })
    )
  )
})

type Fate = "erased" | "unknown" | "open orders"

/** A customer who is erased already is erased again without an event. */
const eraseCustomer = Effect.fnUntraced(function* ({ customerId, tenantId }: ErasedCustomer) {
  const correlationId = yield* randomCorrelationId
  const at = EpochMillis.make(yield* Clock.currentTimeMillis)
  const command = { _tag: "EraseCustomer" as const, customerId, at }
  const envelope = systemEnvelope("dueline-cli", { tenantId, correlationId }, `erase:${correlationId}`, command)
  const fate = (found: Fate) => () => Effect.succeed(found)
  return yield* (yield* Orchestrator).ask(envelope).pipe(
    Effect.as("erased" as Fate),
    Effect.catchTags({
      CustomerNotFound: fate("unknown"),
      CustomerIsErased: fate("erased"),
      CustomerInUse: fate("open orders")
    })
  )
})

/** One that is not known gets no name here either. Nothing is exported: that was asked when it was deleted. */
const makeEraseTenant = Effect.fnUntraced(function* (settings: Configuration.Settings) {
  const { find } = yield* TenantDirectory
  const { bury, erase } = yield* makeErasing(settings)
  return Effect.fnUntraced(function* (tenantId: TenantId) {
    const found = yield* find(tenantId)
    if (found === null) {
      yield* bury(tenantId)
      return "unknown" as Fate
    }
    if (found.status !== "Deleted") yield* deleteTenant(found, false)
    yield* erase(tenantId, (_, altered) =>
      altered === 0
        ? Effect.void
        : Effect.fail(new CommandFailed({ message: `what is left of tenant ${tenantId} is not what was sealed` }))
    )
    return "erased" as Fate
  })
})

const eraseTenants = Effect.fnUntraced(function* (settings: Configuration.Settings, tenants: ReadonlyArray<TenantId>) {
  const eraseTenant = yield* makeEraseTenant(settings)
  return yield* Effect.forEach(tenants, eraseTenant)
})

/** Those whom the list names and the database knows are erased afterwards; who has open orders is told. */
export const applyErasures = Effect.fnUntraced(function* (
  settings: Configuration.Settings,
  erasures: ReadonlyArray<Erasure>
) {
  const tenants = erasures.flatMap((erasure) => ("customerId" in erasure ? [] : [erasure.tenantId]))
  const customers = erasures.flatMap((erasure) => ("customerId" in erasure ? [erasure] : []))
  if (tenants.length > 0) yield* keysAreThere(settings)
  const work = Effect.gen(function* () {
    const ofTenants =
      tenants.length === 0 ? [] : yield* Effect.provide(eraseTenants(settings, tenants), layer(settings))
    const ofCustomers = yield* Effect.forEach(customers, (erasure) =>
      Effect.map(eraseCustomer(erasure), (fate) => ({ ...erasure, fate }))
    )
    return { ofTenants, ofCustomers }
  })
  const { ofCustomers, ofTenants } = yield* work.pipe(
    Effect.provide(Layer.provideMerge(commandWriters, openDatabase(settings))),
    Effect.mapError(
      (error) =>
        new CommandFailed({
          message: `Not all are erased: ${error.message}`,
          notes: ["run it again: what was done stays done"]
        })
    )
  )
  const count = (wanted: Fate) => ofCustomers.filter(({ fate }) => fate === wanted).length
  return {
    erased: count("erased"),
    unknown: count("unknown"),
    tenants: ofTenants.filter((fate) => fate === "erased").length,
    left: ofCustomers
      .filter(({ fate }) => fate === "open orders")
      .map(({ customerId, tenantId }) => ({ tenantId, customerId }))
  }
})

export type Applied = Effect.Success<ReturnType<typeof applyErasures>>

/** What an operator has to do about those who could not be erased. */
export const leftOver = ({ left }: Applied) =>
  new CommandFailed({
    message: `${left.length} customers have open orders and are not erased`,
    notes: [
      ...left.slice(0, 20).map(({ customerId, tenantId }) => `${tenantId}  ${customerId}`),
      "cancel or complete their orders, then apply the list again"
    ]
  })

export const appliedWords = ({ erased, tenants, unknown }: Applied): string =>
  `${erased} customers are erased${unknown === 0 ? "" : `, ${unknown} are not known here`}${tenants === 0 ? "" : `; ${tenants} tenants are erased`}`

export const applyErasureList = Effect.fnUntraced(function* ({ file }: { readonly file: string }) {
  const settings = yield* Configuration.read((yield* Shell).env)
  const applied = yield* applyErasures(settings, yield* readErasures(file))
  yield* print(applied, appliedWords)
  if (applied.left.length > 0) return yield* leftOver(applied)
})

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
