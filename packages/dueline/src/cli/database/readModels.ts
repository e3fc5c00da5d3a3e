/** What `dueline projections rebuild` and `dueline verify` do. */
import type { Category } from "@dueline/contracts/kinds"
import * as ReadModels from "@dueline/postgres/admin/ReadModels"
import { recountCalls, verifyLog, verifyReferences } from "@dueline/postgres/admin/verify"
import { Database } from "@dueline/postgres/Database"
import * as PostgresEventSource from "@dueline/postgres/read/PostgresEventSource"
import { readInstallation } from "@dueline/postgres/schema/Installation"
import * as PostgresAuditTrail from "@dueline/postgres/write/PostgresAuditTrail"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import { Clock, Console, Effect, Layer } from "effect"
import * as Configuration from "../../Configuration.ts"
import { homeAt } from "../../Home.ts"
import * as InstallationKeys from "../../InstallationKeys.ts"
import { findingsOf } from "../../preflight/admission.ts"
import { isFatal, sentenceOf } from "../../preflight/Finding.ts"
import { readHome } from "../../preflight/readHome.ts"
import { rebuildModels, type Rebuilt } from "../../projections/rebuildModels.ts"
import { verifyModels } from "../../projections/verifyModels.ts"
import { verifySealed } from "../../projections/verifySealed.ts"
import { table } from "../format.ts"
import { openDatabase } from "./openDatabase.ts"
import { noted } from "../audit/noteCommand.ts"
import { Ended, JsonOutput, print, Shell } from "../Shell.ts"

// How far long work has come: one line that changes in a terminal, a line now and then elsewhere.

const number = (value: number): string => Math.round(value).toLocaleString("en")

export const rateOf = (events: number, millis: number): string =>
  `${number((events * 1_000) / Math.max(1, millis))} events/s`

const width = 24

const bar = (share: number): string => {
  const full = Math.round(Math.min(1, share) * width)
  return `[${"#".repeat(full)}${" ".repeat(width - full)}]`
}

/** The total is an estimate: more may have come since, or fewer have been there. */
const line = (done: number, total: number, millis: number, unit: string): string => {
  const known = total > 0
  const share = done / Math.max(done, total)
  const how = known ? `${bar(share)} ${number(done)} of about ${number(Math.max(done, total))}` : number(done)
  return `${how} ${unit}, ${number((done * 1_000) / Math.max(1, millis))} ${unit}/s`
}

const everyMillis = { terminal: 100, elsewhere: 5_000 }
/** To the line before, which is emptied. */
const again = "\u001B[1A\u001B[2K"

/** On standard error; says nothing before its first interval has passed. With `--json` it is silent. */
export const progressOf = Effect.fnUntraced(function* (estimate: number, unit = "events") {
  const { stderrIsTerminal } = yield* Shell
  const json = yield* JsonOutput
  const begun = yield* Clock.currentTimeMillis
  const interval = stderrIsTerminal ? everyMillis.terminal : everyMillis.elsewhere
  let next = begun + interval
  let lines = 0
  return (done: number, total = estimate) =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      if (json || now < next) return
      next = now + interval
      const replaced = stderrIsTerminal && lines > 0 ? again : ""
      lines += 1
      yield* Console.error(`${replaced}${line(done, total, now - begun, unit)}`)
    })
})

const rebuiltWords = (
  { events, models, problems, recounts, snapshots }: Rebuilt & { readonly recounts: boolean },
  rate: string
): string => {
  const rows = Object.entries(models).map(([category, { dropped, streams, written }]) => [
    category,
    String(streams),
    String(written),
    String(dropped)
  ])
  return [
    `${events} events read, ${rate}`,
    ...(rows.length === 0 ? [] : [table([["MODEL", "STREAMS", "WRITTEN", "DROPPED"], ...rows])]),
    ...(snapshots === 0 ? [] : [`${snapshots} snapshots written`]),
    ...(recounts ? ["the counts of the overview are made anew by the program, as it runs"] : []),
    ...problems.map(({ detail, streamId, tenantId }) => `not put right: ${tenantId} ${streamId}: ${detail}`)
  ].join("\n")
}

export const rebuildProjections = Effect.fnUntraced(function* ({ only }: { readonly only: Category | undefined }) {
  const settings = yield* Configuration.read((yield* Shell).env)
  const stores = [
    PostgresPersistence.layer,
    ReadModels.layer,
    ReadModels.layerRowRepair,
    PostgresAuditTrail.layer
  ] as const
  const store = Layer.mergeAll(...stores).pipe(Layer.provideMerge(openDatabase(settings)))
  const work = Effect.gen(function* () {
    const progress = yield* progressOf(yield* (yield* ReadModels.ReadModels).estimate)
    const begun = yield* Clock.currentTimeMillis
    yield* noted({ action: "projections.rebuild", resource: only ?? null })
    const rebuilt = yield* rebuildModels({ ...(only === undefined ? {} : { categories: [only] }), progress })
    // Counts follow from the log too, and are held against rows that are right by now.
    const recounts = only === undefined || only === "service-call" ? yield* recountCalls : false
    return { rebuilt: { ...rebuilt, recounts }, took: (yield* Clock.currentTimeMillis) - begun }
  })
  const { rebuilt, took } = yield* Effect.provide(work, store)
  const ok = rebuilt.problems.length === 0
  yield* print({ ok, ...rebuilt, durationMs: took }, () => rebuiltWords(rebuilt, rateOf(rebuilt.events, took)))
  if (!ok) return yield* new Ended({ exitCode: 1 })
})

// What `dueline verify` does.

interface Found {
  readonly check: string
  readonly tenantId: string
  readonly streamId: string
  readonly detail: string
}

/** With keys that are not the database's nothing would open, which is one finding and not a hundred. */
const sealedTexts = Effect.fnUntraced(function* (settings: Configuration.Settings) {
  const { writer } = yield* Database
  const home = yield* readHome(homeAt(settings.DUELINE_HOME))
  const wrong = (yield* findingsOf(settings, home, yield* readInstallation(writer))).filter(isFatal)
  const keys = wrong.map(
    (finding): Found => ({ check: "keys", tenantId: "", streamId: "", detail: sentenceOf(finding) })
  )
  if (home.vault === null || keys.length > 0) return { opened: 0, findings: keys }
  const { findings, opened } = yield* Effect.provide(verifySealed, InstallationKeys.layer(settings))
  return { opened, findings: findings as ReadonlyArray<Found> }
})

/** What the log alone can tell, then every row and snapshot beside it, field by field, then what is sealed and what refers to what. */
const verifyAll = Effect.fnUntraced(function* (settings: Configuration.Settings) {
  const log = yield* verifyLog
  const progress = yield* progressOf(yield* (yield* ReadModels.ReadModels).estimate)
  const models = yield* verifyModels(progress)
  const sealed = yield* sealedTexts(settings)
  // Counts are held against rows: where those are wrong, that is what has to be mended.
  const rowsAgree = models.findings.length === 0
  const loose = (yield* verifyReferences).filter(({ check }) => rowsAgree || check !== "counts")
  const findings: ReadonlyArray<Found> = [...log.findings, ...models.findings, ...sealed.findings, ...loose]
  return { ...models, sealed: sealed.opened, findings }
})

/** Starts the database of these settings when no program runs, migrates it to this program's schema, and looks at all of it. */
export const verifyHome = (settings: Configuration.Settings) =>
  Effect.provide(
    verifyAll(settings),
    Layer.merge(PostgresEventSource.layerEventLog, ReadModels.layer).pipe(Layer.provideMerge(openDatabase(settings)))
  )

export const verifyDatabase = Effect.fnUntraced(function* () {
  const settings = yield* Configuration.read((yield* Shell).env)
  const { events, findings, rows, sealed, snapshots } = yield* verifyHome(settings)
  yield* print({ ok: findings.length === 0, events, rows, snapshots, sealed, findings }, () =>
    findings.length === 0
      ? `all is well: ${events} events agree with the read models, ${sealed} sealed texts open`
      : table([
          ["CHECK", "TENANT", "STREAM", "FOUND"],
          ...findings.map(({ check, detail, streamId, tenantId }) => [check, tenantId || "-", streamId || "-", detail])
        ])
  )
  if (findings.length > 0) return yield* new Ended({ exitCode: 1 })
})
