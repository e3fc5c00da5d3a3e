/**
 * What has been kept long enough is removed, tenant by tenant, in bounded steps beside the work of the program; before that it is written to a
 * folder, if there is one. One process at a time does it. Cut short, it goes on where it was.
 */
import type { TenantId } from "@dueline/contracts/Ids"
import { TenantDirectory, type TenantListOptions } from "@dueline/contracts/ports/Directories"
import { RetentionRules } from "@dueline/contracts/ports/TenantRules"
import { keptDays } from "@dueline/contracts/retention"
import { orLogged } from "@dueline/contracts/storeTrouble"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { type Outlived, type RetainedKind, retainedKinds, Retention } from "@dueline/postgres/write/PostgresRetention"
import { makeFolder, placeAnew } from "@dueline/secrets/secretFiles"
import { Clock, Data, Effect } from "effect"
import { hash } from "node:crypto"
import { join } from "node:path"
import { zstdCompressSync } from "node:zlib"
import type { Settings } from "../Configuration.ts"
import { retentionLimits, type RetentionSettings } from "../listSettings.ts"

/** Of the process that removes: milliseconds that the lease lasts, until it is extended, and until others ask for it again. */
export const leadership = { name: "retention", ttlMs: 15_000, extendMs: 5_000, retryMs: 5_000 }

/** Streams, and dead letters, that one step removes: some ten milliseconds of the database each. */
const stepLimit = 100
/** Steps for one tenant before the next has its turn. */
const turnSteps = 20
/** Milliseconds between two steps, so that commits come between, and between two looks for something to remove. */
const pauseMs = 50
const restMs = 600_000

const dayMs = 86_400_000

/** What was found, or with `dry` would be removed. */
export interface Counts {
  streams: number
  events: number
  letters: number
}

/** Before when what ended is removed; null: nothing is. An answer to a command is never removed before its receipt. */
export const beforeOf = (days: number | null, receiptHours: number, now: number): number | null =>
  days === null ? null : now - Math.max(days * dayMs, receiptHours * 3_600_000 + dayMs)

interface Turn {
  readonly tenantId: TenantId
  readonly before: number
  readonly steps: number
}

export const makeRetention = Effect.fnUntraced(function* (
  settings: RetentionSettings & Pick<Settings, "DUELINE_RETENTION_EXPORT">
) {
  const store = yield* Retention
  const rules = yield* RetentionRules
  const tenants = yield* TenantDirectory
  const { removed: counters } = yield* Metrics
  const limitsOf = retentionLimits(settings)
  const folder = settings.DUELINE_RETENTION_EXPORT
  const write = folder === "" ? null : exportTo(folder)

  const keptFor = (tenantId: TenantId) => Effect.map(rules.of(tenantId), (rule) => keptDays(limitsOf(tenantId), rule))

  const step = Effect.fnUntraced(function* (
    { before, tenantId }: Turn,
    kind: RetainedKind,
    found: Outlived,
    counts: Counts
  ) {
    const now = yield* Clock.currentTimeMillis
    if (write !== null && found.ids.length > 0)
      yield* write({ tenantId, kind, at: now, lines: yield* store.events(tenantId, found.ids) })
    const { events, streams } = yield* store.remove(
      { tenantId, kind, before, after: null, limit: stepLimit },
      found,
      now
    )
    counts.streams += streams
    counts.events += events
    counters.of(kind).add(streams)
  })

  /** Whether there is more to remove. */
  const turn = Effect.fnUntraced(function* (asked: Turn, counts: Counts) {
    const { before, steps, tenantId } = asked
    let more = false
    for (let n = 0; n < steps; n++) {
      const letters = yield* store.removeLetters(tenantId, before, stepLimit)
      counts.letters += letters
      counters.of("dead-letter").add(letters)
      more = letters === stepLimit
      if (!more) break
      yield* Effect.sleep(pauseMs)
    }
    for (const kind of retainedKinds) {
      for (let n = 0; n < steps; n++) {
        const found = yield* store.outlived({ tenantId, kind, before, after: null, limit: stepLimit })
        if (found.ids.length > 0 || found.next !== null) yield* step(asked, kind, found, counts)
        // The end is noted too: the next look begins anew.
        else yield* store.remove({ tenantId, kind, before, after: null, limit: stepLimit }, found, before)
        if (found.next === null) break
        more ||= n === steps - 1
        yield* Effect.sleep(pauseMs)
      }
    }
    return more
  })

  const eachTenant = Effect.fnUntraced(function* <E, R>(act: (tenantId: TenantId) => Effect.Effect<void, E, R>) {
    let after: TenantListOptions["after"] = null
    do {
      const page: Effect.Success<ReturnType<typeof tenants.list>> = yield* tenants.list({
        status: null,
        after,
        limit: 200
      })
      for (const { tenantId } of page.rows) yield* act(tenantId)
      after = page.next
    } while (after !== null)
  })

  /** Once through all tenants; whether there is more. */
  const round = Effect.fnUntraced(function* (counts: Counts, mayAct: () => boolean, steps: number = turnSteps) {
    let more = false
    yield* eachTenant((tenantId) =>
      Effect.gen(function* () {
        const before = beforeOf(
          yield* keptFor(tenantId),
          settings.DUELINE_RECEIPT_HOURS,
          yield* Clock.currentTimeMillis
        )
        if (before !== null && mayAct()) more = (yield* turn({ tenantId, before, steps }, counts)) || more
      })
    )
    return more
  })

  /** What a round would remove of a tenant, counted and left alone. Nothing is noted. */
  const look = Effect.fnUntraced(function* (tenantId: TenantId, before: number) {
    let streams = 0
    for (const kind of retainedKinds) {
      let after: Outlived["next"] = { createdAt: -1, id: "00000000-0000-0000-0000-000000000000" }
      while (after !== null) {
        const found: Outlived = yield* store.outlived({ tenantId, kind, before, after, limit: 1_000 })
        streams += found.ids.length
        after = found.next
      }
    }
    return streams
  })

  const loop = (mayAct: () => boolean): Effect.Effect<never> =>
    Effect.gen(function* () {
      const counts: Counts = { streams: 0, events: 0, letters: 0 }
      const more = yield* round(counts, mayAct).pipe(
        orLogged("warning", "what has been kept long enough could not be removed; it is tried again")
      )
      if (counts.streams > 0 || counts.letters > 0)
        yield* Effect.annotateLogs(Effect.logInfo("removed what has been kept long enough"), { ...counts })
      yield* Effect.sleep(more === true ? pauseMs : restMs)
    }).pipe(Effect.forever)

  return { eachTenant, keptFor, limitsOf, look, loop, round }
})

/** Writes what is about to be removed to a folder: lines of JSON, compressed, with a checksum beside each file. */
export class ExportFailed extends Data.TaggedError("ExportFailed")<{ readonly message: string }> {}

export interface Exported {
  readonly tenantId: string
  /** Of what it is: begins the name of the file. */
  readonly kind: string
  /** Epoch ms. */
  readonly at: number
  /** Events, or rows, as JSON. */
  readonly lines: ReadonlyArray<string>
}

/**
 * `FOLDER/TENANT/KIND-TIME-SHA256.ndjson.zst`, where the sum is that of the lines, and `….sha256` with the sum of the file as `sha256sum -c`
 * reads it. The same lines written twice are one file if they are written in the same moment, else two that are alike.
 */
export const exportTo =
  (folder: string) =>
  ({ at, kind, lines, tenantId }: Exported): Effect.Effect<string, ExportFailed> =>
    Effect.tryPromise({
      try: async () => {
        const text = Buffer.from(lines.map((line) => `${line}\n`).join(""))
        const packed = zstdCompressSync(text)
        const name = `${kind}-${new Date(at).toISOString().replaceAll(/[:.]/gu, "-")}-${hash("sha256", text, "hex").slice(0, 16)}.ndjson.zst`
        const directory = join(folder, tenantId)
        await makeFolder(directory, 0o700)
        const path = join(directory, name)
        await placeAnew(path, packed)
        await placeAnew(`${path}.sha256`, `${hash("sha256", packed, "hex")}  ${name}\n`)
        return path
      },
      catch: (cause) =>
        new ExportFailed({
          message: `cannot write to ${folder}: ${cause instanceof Error ? cause.message : String(cause)}`
        })
    })
