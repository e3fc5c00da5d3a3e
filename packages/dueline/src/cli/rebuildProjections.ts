/** What `dueline projections rebuild` does. */
import type { Category } from "@dueline/contracts/kinds"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import * as ReadModels from "@dueline/postgres/admin/ReadModels"
import * as RowRepair from "@dueline/postgres/admin/RowRepair"
import { Clock, Effect, Layer } from "effect"
import * as Configuration from "../Configuration.ts"
import { type Rebuilt, rebuildModels } from "../projections/rebuildModels.ts"
import { Ended, print, Shell } from "./Shell.ts"
import { openDatabase } from "./openDatabase.ts"
import { progressOf, rateOf } from "./progress.ts"
import { table } from "./format.ts"

const wordsOf = ({ events, models, problems, snapshots }: Rebuilt, rate: string): string => {
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
    ...problems.map(({ detail, streamId, tenantId }) => `not put right: ${tenantId} ${streamId}: ${detail}`)
  ].join("\n")
}

export const rebuildProjections = Effect.fnUntraced(function* ({ only }: { readonly only: Category | undefined }) {
  const settings = yield* Configuration.read((yield* Shell).env)
  const store = Layer.mergeAll(PostgresPersistence.layer, ReadModels.layer, RowRepair.layer).pipe(
    Layer.provide(openDatabase(settings))
  )
  const work = Effect.gen(function* () {
    const progress = yield* progressOf(yield* (yield* ReadModels.ReadModels).estimate)
    const begun = yield* Clock.currentTimeMillis
    const rebuilt = yield* rebuildModels({ ...(only === undefined ? {} : { categories: [only] }), progress })
    return { rebuilt, took: (yield* Clock.currentTimeMillis) - begun }
  })
  const { rebuilt, took } = yield* Effect.provide(work, store)
  const ok = rebuilt.problems.length === 0
  yield* print({ ok, ...rebuilt, durationMs: took }, () => wordsOf(rebuilt, rateOf(rebuilt.events, took)))
  if (!ok) return yield* new Ended({ exitCode: 1 })
})
