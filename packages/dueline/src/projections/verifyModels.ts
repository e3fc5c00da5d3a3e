/** Compares all read models and snapshots with the log, field by field. Runs beside a working program. */
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { categories } from "@dueline/contracts/kinds"
import { ReadModels } from "@dueline/postgres/admin/ReadModels"
import { Effect } from "effect"
import { checkSnapshots } from "./checkSnapshots.ts"
import { faults, inspect } from "./differences.ts"
import { beginOf, type Folded, foldLog } from "./foldLog.ts"

interface ModelFinding {
  readonly check: "row" | "event" | "snapshot" | "window"
  readonly tenantId: string
  readonly streamId: string
  readonly detail: string
}

interface ModelVerification {
  readonly events: number
  readonly rows: number
  readonly snapshots: number
  /** Bounded: the first hundred of each check. */
  readonly findings: ReadonlyArray<ModelFinding>
}

const findingLimit = 100

export const verifyModels = Effect.fnUntraced(function* <R = never>(
  progress: (done: number) => Effect.Effect<void, never, R> = () => Effect.void
): Effect.fn.Return<ModelVerification, StoreUnavailable, ReadModels | R> {
  const findings: Array<ModelFinding> = []
  let rows = 0
  const add = (
    check: ModelFinding["check"],
    { streamId, tenantId }: { streamId: string; tenantId: string },
    detail: string
  ) => {
    if (findings.filter((found) => found.check === check).length >= findingLimit) return
    findings.push({ check, tenantId, streamId, detail })
  }
  const certain = Effect.fnUntraced(function* (suspects: ReadonlyArray<Folded>) {
    for (const category of categories) {
      const found = yield* inspect(
        category,
        suspects.filter((stream) => stream.category === category)
      )
      for (const { logged, sight, stream } of found) {
        const wrong = faults(logged, sight.row)
        if (wrong.length > 0) add("row", stream, wrong.join("; "))
      }
    }
  })
  const events = yield* foldLog(categories, ({ done, strays, streams }) =>
    Effect.gen(function* () {
      rows += streams.length
      for (const { stream } of streams) if (stream.unreadable !== null) add("event", stream, stream.unreadable)
      const readable = streams.filter(({ stream }) => stream.unreadable === null)
      const differing = readable.filter(({ row, stream }) => faults(stream.replay.row(), row).length > 0)
      const suspects = [...differing.map(({ stream }) => stream), ...strays.map(beginOf)]
      if (suspects.length > 0) yield* certain(suspects)
      yield* progress(done)
    })
  )
  for (const order of yield* (yield* ReadModels).overlaps) {
    add("window", order, `its window overlaps that of ${order.other}, which holds the same bin`)
  }
  const snapshots = yield* checkSnapshots((wrong) => Effect.sync(() => add("snapshot", wrong, wrong.detail)))
  return { events, rows, snapshots, findings }
})
