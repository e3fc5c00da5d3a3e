/**
 * Lets a start through, or refuses it with everything that is wrong: home, keys and database have to belong together. The first start that
 * is let through gives home and database the installation's id and the database the fingerprints of the keys; an installation that was
 * used before there were such things gets them in the same way, if what is sealed in its database opens with its keys.
 */
import type { CustomerId, ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { PersonalDataVault, RequestVault, sealContext } from "@dueline/contracts/ports/Vaults"
import { randomUuidV7 } from "@dueline/identity/randomId"
import { Database } from "@dueline/postgres/Database"
import {
  type InstallationFacts,
  noteInstallation,
  readInstallation,
  readInstallationNarrowly,
  readSamples,
  type SealedSamples
} from "@dueline/postgres/schema/Installation"
import { loadKeyFile } from "@dueline/secrets/KeyFile"
import * as SigningKeys from "@dueline/secrets/SigningKeys"
import { Effect, Layer } from "effect"
import { existsSync, renameSync, writeFileSync } from "node:fs"
import type { Settings } from "../Configuration.ts"
import { type Home, homeAt } from "../Home.ts"
import * as InstallationKeys from "../InstallationKeys.ts"
import { fatal, type Finding, isFatal, PreflightRefused } from "./Finding.ts"
import { judge, judgeFiles } from "./judge.ts"
import { type HomeFacts, readHome } from "./readHome.ts"

// Whether what is sealed in a database opens with a home's keys: for databases that were used before fingerprints were kept.

/** Null when there is nothing to try. The key file is there. */
const samplesOpen = ({ profile, request }: SealedSamples, settings: { readonly DUELINE_HOME: string }) =>
  Effect.gen(function* () {
    if (request === null && profile === null) return null
    const requests = yield* RequestVault
    const profiles = yield* PersonalDataVault
    const opened = yield* Effect.all([
      request === null
        ? Effect.succeed(true)
        : Effect.isSuccess(
            requests.open(request.sealed, sealContext(request.tenantId as TenantId, request.callId as ServiceCallId))
          ),
      profile === null
        ? Effect.succeed(true)
        : Effect.isSuccess(
            profiles.open(profile.tenantId as TenantId, profile.customerId as CustomerId, profile.sealed)
          )
    ])
    return opened.every((one) => one)
  }).pipe(Effect.provide(InstallationKeys.layer(settings)))

export type AdmissionSettings = Pick<Settings, "DUELINE_HOME" | "DUELINE_NEW_KEYS">

const refuse = (findings: ReadonlyArray<Finding>): Effect.Effect<void, PreflightRefused> => {
  const fatal = findings.filter(isFatal)
  return fatal.length === 0 ? Effect.void : Effect.fail(new PreflightRefused({ findings: fatal }))
}

/**
 * Before the embedded server is started: a home whose database or whose keys are gone makes no new ones. Keys come before a database, so
 * that a database without keys is one whose keys are lost.
 */
export const prepareHome = (settings: AdmissionSettings) =>
  Effect.gen(function* () {
    const home = homeAt(settings.DUELINE_HOME)
    const facts = yield* readHome(home)
    yield* refuse([...facts.unreadable, ...judgeFiles(facts, settings.DUELINE_NEW_KEYS === "yes")])
    if (facts.vault === null) yield* loadKeyFile(home.vaultKeys)
  })

/** The findings about home and database together. Reads only. */
export const findingsOf = (settings: AdmissionSettings, facts: HomeFacts, database: InstallationFacts) =>
  Effect.gen(function* () {
    const { writer } = yield* Database
    const unknown = !database.keys.some(({ purpose }) => purpose !== "token")
    const tryKeys = unknown && database.used && facts.vault !== null && facts.unreadable.length === 0
    const opens = tryKeys ? yield* samplesOpen(yield* readSamples(writer), settings) : null
    return judge(facts, database, { newKeys: settings.DUELINE_NEW_KEYS === "yes", opens })
  })

const makeMissing = (home: Home, facts: HomeFacts) =>
  Effect.gen(function* () {
    if (facts.vault === null) yield* loadKeyFile(home.vaultKeys)
    if (facts.tokens.length === 0) yield* Effect.scoped(Layer.build(SigningKeys.layer({ directory: home.keys })))
    return facts.vault === null || facts.tokens.length === 0 ? yield* readHome(home) : facts
  })

/** Whole or not at all: processes may share the directory. */
const writeId = (file: string, id: string) =>
  Effect.sync(() => {
    const aside = `${file}.${process.pid}-${id.slice(-8)}`
    writeFileSync(aside, `${id}\n`, { mode: 0o600, flush: true })
    renameSync(aside, file)
  })

/** One round; false when another process has noted other keys meanwhile. */
const admitOnce = (settings: AdmissionSettings) =>
  Effect.gen(function* () {
    const home = homeAt(settings.DUELINE_HOME)
    const { writer } = yield* Database
    const database = yield* readInstallation(writer)
    const before = yield* readHome(home)
    yield* refuse(yield* findingsOf(settings, before, database))
    const facts = yield* makeMissing(home, before)
    const keys = [...(facts.vault ?? []), ...facts.tokens]
    const noted = new Set(database.keys.map(({ fingerprint, purpose }) => `${purpose} ${fingerprint}`))
    const allNoted = keys.every(({ fingerprint, purpose }) => noted.has(`${purpose} ${fingerprint}`))
    const replace = settings.DUELINE_NEW_KEYS === "yes"
    if (allNoted && !replace && database.id !== null && facts.id === database.id) return true
    const id = yield* noteInstallation(writer, {
      id: database.id ?? facts.id ?? (yield* randomUuidV7),
      keys,
      seen: database.keys,
      replace
    })
    if (id === null) return false
    if (facts.id !== id || !existsSync(home.installationId)) yield* writeId(home.installationId, id)
    return true
  })

/** Processes that start at once on an empty database may have to look again, each once for every other. */
const rounds = 5

/** With the database there and migrated, before anything works with it. Costs one statement once an installation is known. */
export const admit = (settings: AdmissionSettings) =>
  Effect.gen(function* () {
    for (let round = 0; round < rounds; round++) if (yield* admitOnce(settings)) return
    return yield* Effect.die(new Error("the keys of the installation changed with every look at them"))
  })

/**
 * For a process that only takes in, and may note nothing: home and database have to belong together already, as the start of any other role
 * leaves them.
 */
export const admitIngest = (settings: AdmissionSettings) =>
  Effect.gen(function* () {
    const home = homeAt(settings.DUELINE_HOME)
    const { edge } = yield* Database
    const database = yield* readInstallationNarrowly(edge)
    const facts = yield* readHome(home)
    const noted = new Set(database.keys.map(({ fingerprint }) => fingerprint))
    const unknown = (facts.vault ?? []).filter(({ fingerprint }) => !noted.has(fingerprint))
    const incomplete = database.id === null || facts.vault === null || unknown.length > 0
    yield* refuse([
      ...judge(facts, database, { newKeys: false, opens: null }),
      ...(incomplete
        ? [
            fatal(
              "installation",
              "this home and this database do not know each other yet, and a process that only takes in events makes nothing",
              "run `dueline migrate` with this home, or start another role with it once"
            )
          ]
        : [])
    ])
    if (facts.id === null && database.id !== null) yield* writeId(home.installationId, database.id)
  })
