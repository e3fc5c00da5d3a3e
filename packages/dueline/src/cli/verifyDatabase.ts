/** What `dueline verify` does. */
import * as EventLog from "@dueline/postgres/read/EventLog"
import * as ReadModels from "@dueline/postgres/admin/ReadModels"
import { Database } from "@dueline/postgres/Database"
import { readInstallation } from "@dueline/postgres/schema/Installation"
import { verifyLog } from "@dueline/postgres/admin/verify"
import { verifyReferences } from "@dueline/postgres/admin/verifyReferences"
import { Effect, Layer } from "effect"
import * as Configuration from "../Configuration.ts"
import { homeAt } from "../Home.ts"
import * as InstallationKeys from "../InstallationKeys.ts"
import { findingsOf } from "../preflight/admission.ts"
import { isFatal, sentenceOf } from "../preflight/Finding.ts"
import { readHome } from "../preflight/readHome.ts"
import { verifySealed } from "../projections/verifySealed.ts"
import { verifyModels } from "../projections/verifyModels.ts"
import { Ended, print, Shell } from "./Shell.ts"
import { openDatabase } from "./openDatabase.ts"
import { progressOf } from "./progress.ts"
import { table } from "./format.ts"

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
  const loose = yield* verifyReferences
  const findings: ReadonlyArray<Found> = [...log.findings, ...models.findings, ...sealed.findings, ...loose]
  return { ...models, sealed: sealed.opened, findings }
})

export const verifyDatabase = Effect.fnUntraced(function* () {
  const settings = yield* Configuration.read((yield* Shell).env)
  const store = Layer.merge(EventLog.layer, ReadModels.layer).pipe(Layer.provideMerge(openDatabase(settings)))
  const { events, findings, rows, sealed, snapshots } = yield* Effect.provide(verifyAll(settings), store)
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
