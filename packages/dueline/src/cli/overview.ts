/** `dueline overview`. */
import type { Overview } from "@dueline/contracts/api/OverviewEndpoints"
import { Effect } from "effect"
import { overviewApi } from "./calls/CallsApi.ts"
import { pairs, table } from "./format.ts"
import { print } from "./Shell.ts"

const atLeast = ({ count, more }: { readonly count: number; readonly more: boolean }): string =>
  `${count}${more ? "+" : ""}`

const since = (what: Overview["deadLetters"]): string =>
  what.oldestAt === null ? atLeast(what) : `${atLeast(what)}, the oldest of ${what.oldestAt}`

const behind = (ms: number | null): string | null => (ms === null ? null : `${(ms / 1_000).toFixed(1)} s behind`)

/** Below an empty line; nothing when there are no rows. */
const listed = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> =>
  rows.length === 0 ? [] : ["", table([head, ...rows])]

const words = (overview: Overview): string => {
  const { calls, circuits, deadLetters, ingestion, lastHour, loops, overdue } = overview
  const down = overview.dependencies.filter(({ status }) => status === "down").map(({ name }) => name)
  const facts = pairs([
    ["of", overview.of],
    ["at", `${overview.at}, counted until ${overview.countedUntil}`],
    ["phase", down.length === 0 ? overview.phase : `${overview.phase}, down: ${down.join(", ")}`],
    ["processes", overview.processes.map(({ id, roles }) => `${id} (${roles.join(", ")})`).join("; ")],
    [
      "calls",
      Object.entries(calls)
        .map(([status, count]) => `${count} ${status}`)
        .join(", ")
    ],
    [
      "overdue",
      overdue.oldest === null
        ? atLeast(overdue)
        : `${atLeast(overdue)}, the oldest ${overdue.oldest.id}, ${Math.round(overdue.oldest.lateMs / 1_000)} s late`
    ],
    [
      "last hour",
      `${lastHour.submitted} submitted, ${lastHour.succeeded} succeeded, ${lastHour.failed} failed, ${lastHour.cancelled} cancelled, ` +
        `${lastHour.attemptsFailed} attempts failed`
    ],
    ["pauses", overview.pauses === undefined ? null : since(overview.pauses)],
    ["dead letters", since(deadLetters)],
    ["ingestion", since(ingestion)],
    ["not sealed", overview.behind === undefined ? null : since(overview.behind.sealing)],
    ["not counted", overview.behind === undefined ? null : since(overview.behind.counting)],
    ["outbox", behind(loops.outbox)],
    ["schedules", behind(loops.schedules)],
    ["jobs", behind(loops.jobs)]
  ])
  const failures = lastHour.failures.map(({ count, reason, target }) => [
    `${count}`,
    reason === "" ? "others" : reason,
    target
  ])
  const flows = (overview.flows ?? []).map(({ key, limit, running, waiting }) => [
    key,
    `${waiting}`,
    limit === null ? `${running}` : `${running} of ${limit}`
  ])
  const open = circuits.map(({ openUntil, target }) => [target, openUntil])
  return [
    facts,
    ...listed(["failed", "reason", "target"], failures),
    ...listed(["flow", "waiting", "under way"], flows),
    ...listed(["circuit of", "open until"], open)
  ].join("\n")
}

export const showOverview = Effect.fnUntraced(function* ({ installation }: { readonly installation: boolean }) {
  const overview = yield* overviewApi
  const seen = yield* overview.get({ query: installation ? { of: "installation" } : {} })
  yield* print(seen, words)
})
