/** What `dueline verify` does. */
import * as EventLog from "@dueline/postgres/EventLog"
import * as ReadModels from "@dueline/postgres/ReadModels"
import { verifyLog } from "@dueline/postgres/verify"
import { Effect, Layer } from "effect"
import * as Configuration from "../Configuration.ts"
import { verifyModels } from "../projections/verifyModels.ts"
import { Ended } from "./CommandFailed.ts"
import { openDatabase } from "./openDatabase.ts"
import { progressOf } from "./progress.ts"
import { print, Shell } from "./Shell.ts"
import { table } from "./table.ts"

/** What the log alone can tell, then every row and snapshot beside it, field by field. */
const everything = Effect.gen(function* () {
  const log = yield* verifyLog
  const progress = yield* progressOf(yield* (yield* ReadModels.ReadModels).estimate)
  const models = yield* verifyModels(progress)
  return { ...models, findings: [...log.findings, ...models.findings] }
})

export const verifyDatabase = Effect.fnUntraced(function* () {
  const settings = yield* Configuration.read((yield* Shell).env)
  const store = Layer.merge(EventLog.layer, ReadModels.layer).pipe(Layer.provideMerge(openDatabase(settings)))
  const { events, findings, rows, snapshots } = yield* Effect.provide(everything, store)
  yield* print({ ok: findings.length === 0, events, rows, snapshots, findings }, () =>
    findings.length === 0
      ? `all is well: ${events} events agree with the read models`
      : table([
          ["CHECK", "TENANT", "STREAM", "FOUND"],
          ...findings.map(({ check, detail, streamId, tenantId }) => [check, tenantId || "-", streamId || "-", detail])
        ])
  )
  if (findings.length > 0) return yield* new Ended({ exitCode: 1 })
})
