/** `dueline retention show` and `retention run`. */
import type { TenantId } from "@dueline/contracts/Ids"
import { TenantDirectory } from "@dueline/contracts/ports/TenantDirectory"
import * as PostgresTenantDirectory from "@dueline/postgres/read/PostgresTenantDirectory"
import * as PostgresRetention from "@dueline/postgres/write/PostgresRetention"
import { Clock, Effect, Layer } from "effect"
import * as Configuration from "../../Configuration.ts"
import { keptForOf } from "../../listSettings.ts"
import { beforeOf, type Counts, makeRetention } from "../../work/Retention.ts"
import { pairs, table } from "../format.ts"
import { print, Shell } from "../Shell.ts"
import { openDatabase } from "./openDatabase.ts"

interface Tenant {
  readonly id: string
  readonly workspace: string
  /** Null: for ever. */
  readonly days: number | null
  /** Calls and ingestions that would be removed now. */
  readonly outlived: number
}

const daysWords = (days: number | null): string => (days === null ? "forever" : `${days} days`)

/** The settings, and the store that they are about. */
const opened = <A, E>(
  act: (settings: Configuration.Settings) => Effect.Effect<A, E, PostgresRetention.Retention | TenantDirectory>
) =>
  Effect.gen(function* () {
    const { env } = yield* Shell
    const settings = yield* Configuration.read(env)
    return yield* act(settings).pipe(
      Effect.provide(
        Layer.mergeAll(PostgresRetention.layer, PostgresTenantDirectory.layer).pipe(
          Layer.provide(openDatabase(settings))
        )
      )
    )
  })

const examined = (settings: Configuration.Settings) =>
  Effect.gen(function* () {
    const { eachTenant, kept, look } = yield* makeRetention(settings)
    const directory = yield* TenantDirectory
    const tenants: Array<Tenant> = []
    yield* eachTenant((id: TenantId) =>
      Effect.gen(function* () {
        const days = keptForOf(kept, id)
        const before = beforeOf(days, settings.DUELINE_RECEIPT_HOURS, yield* Clock.currentTimeMillis)
        const workspace = (yield* directory.find(id))?.workspace ?? ""
        tenants.push({ id, workspace, days, outlived: before === null ? 0 : yield* look(id, before) })
      })
    )
    return { usually: kept.usually, export: settings.DUELINE_RETENTION_EXPORT, tenants }
  })

type Examined = Effect.Success<ReturnType<typeof examined>>

const words = ({ export: folder, tenants, usually }: Examined): string =>
  [
    pairs([
      ["kept", daysWords(usually)],
      ["exported to", folder === "" ? "nowhere" : folder]
    ]),
    "",
    table([
      ["tenant", "kept", "to be removed"],
      ...tenants.map(({ days, id, outlived, workspace }) => [workspace || id, daysWords(days), `${outlived}`])
    ])
  ].join("\n")

export const showRetention = Effect.fnUntraced(function* () {
  yield* print(yield* opened(examined), words)
})

/** Through all tenants until nothing is left to remove. */
const removed = (settings: Configuration.Settings) =>
  Effect.gen(function* () {
    const { round } = yield* makeRetention(settings)
    const counts: Counts = { streams: 0, events: 0, letters: 0 }
    while (yield* round(counts, () => true, 1_000)) yield* Effect.yieldNow
    return counts
  })

export const runRetention = Effect.fnUntraced(function* ({ dryRun }: { readonly dryRun: boolean }) {
  if (dryRun) return yield* showRetention()
  yield* print(
    yield* opened(removed),
    ({ events, letters, streams }) =>
      `removed ${streams} calls and ingestions with ${events} events, and ${letters} dead letters`
  )
})
