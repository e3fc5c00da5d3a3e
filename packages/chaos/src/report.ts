/** What a run amounts to: how much was asked and done, how often what failed, and how long it took to recover. */
import { lostWithTheDisk } from "./checks/messagesInOrder.ts"
import type { Finding } from "./checkers.ts"
import { accepted, Evidence } from "./Evidence.ts"
import type { Arrival, History, Incident } from "./History.ts"
import { makesCalls } from "./Stage.ts"

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

/** How long after a fault anybody looks for its consequences, in milliseconds. */
const reachMs = 30_000

const counts = (items: ReadonlyArray<string>): string =>
  [...Map.groupBy(items, (item) => item)]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([item, same]) => `${item} ${same.length}`)
    .join(", ")

/** The longest time without an answer to a submission, among those that a fault of this kind may have caused. */
const longestGap = (accepts: ReadonlyArray<number>, incidents: ReadonlyArray<Incident>): number => {
  let longest = 0
  for (const { from, to } of incidents) {
    const near = accepts.filter((at) => at > from - 1_000 && at < to + reachMs)
    for (const [i, at] of near.entries()) {
      const before = near[i - 1]
      if (before !== undefined && at > from && before < to) longest = Math.max(longest, at - before)
    }
  }
  return longest
}

/** Of requests that were under way when a worker was killed or stopped: how long until each came again. */
const retriedAfter = (evidence: Evidence, incidents: ReadonlyArray<Incident>): ReadonlyArray<number> =>
  incidents.flatMap(({ from }) => {
    const cut = ({ at, endedAt }: Arrival) => at <= from && (endedAt ?? from) >= from
    return evidence.history.arrivals.filter(cut).flatMap(({ callId }) => {
      const next = evidence.arrivals.get(callId)?.find(({ at }) => at > from)
      return next === undefined || next.at > from + reachMs ? [] : [next.at - from]
    })
  })

/** Requests that came although an earlier one of the same call had been answered with success. */
const repeatedEffects = ({ arrivals }: Evidence): number =>
  [...arrivals.values()].reduce((sum, of) => {
    const done = of.findIndex(({ answered }) => answered === 200)
    return done < 0 ? sum : sum + of.length - done - 1
  }, 0)

/** Requests of a lower epoch that came after one of a higher epoch of their call. */
const staleRequests = ({ arrivals }: Evidence): number =>
  [...arrivals.values()].reduce(
    (sum, of) => sum + of.filter(({ epoch }, i) => of.slice(0, i).some((before) => before.epoch > epoch)).length,
    0
  )

const spread = (values: ReadonlyArray<number>): string => {
  const sorted = values.toSorted((a, b) => a - b)
  const [least, middle, most] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)]
  if (least === undefined || middle === undefined || most === undefined) return "none"
  return `${values.length}: ${seconds(least)} to ${seconds(most)}, median ${seconds(middle)}`
}

const about = (name: string, text: string): string => `${name.padEnd(20)}${text}`

const traffic = (evidence: Evidence): ReadonlyArray<string> => {
  const { arrivals, ingestions, operations, productEvents, productReports, reports, stored, told } = evidence.history
  const again = operations.filter(({ tries }) => tries > 1)
  const most = operations.reduce((tries, operation) => Math.max(tries, operation.tries), 0)
  const events = stored.flatMap(({ events }) => events)
  const superseded = events.filter(({ type }) => type === "ExecutionSuperseded").length
  const repeats = (told?.length ?? 0) - new Set(told?.map(({ eventId }) => eventId)).size
  const lost = lostWithTheDisk(evidence)
  const [repeated, stale] = [repeatedEffects(evidence), staleRequests(evidence)]
  return [
    about("operations", `${operations.length}: ${counts(operations.map(({ kind }) => kind))}`),
    about("asked again", `${again.length} operations, at most ${most} times`),
    about("calls", `${stored.length}: ${counts(stored.map(({ row }) => row?.status ?? "no row"))}`),
    about("reports", `${reports.length}: ${counts(ingestions.map(({ status }) => status))}`),
    about("product events", `${productReports.length} reports, ${productEvents.length} stored`),
    about("events", `${events.length}, ${superseded} superseded results`),
    about("requests", `${arrivals.length}; ${repeated} after success, ${stale} of an epoch that was over`),
    about(
      "messages",
      told === null ? "not heard" : `${told.length}, ${repeats} repeats, ${lost} gone with the broker's disk`
    )
  ]
}

const recovery = (evidence: Evidence): ReadonlyArray<string> => {
  const { exits, incidents, operations } = evidence.history
  const accepts = operations
    .flatMap((operation) => (operation.kind === "submit" && accepted(operation) ? [operation.completedAt ?? 0] : []))
    .toSorted((a, b) => a - b)
  const gaps = [...Map.groupBy(incidents, ({ kind }) => kind)].map(
    ([kind, of]) => `${kind} ${seconds(longestGap(accepts, of))}`
  )
  const ofExecutors = (kinds: RegExp) => incidents.filter(({ kind, victim }) => kinds.test(kind) && makesCalls(victim))
  return [
    about("faults", counts(incidents.map(({ kind }) => kind))),
    about("no submission taken", `${gaps.join(", ")} at the longest`),
    about("killed and retried", spread(retriedAfter(evidence, ofExecutors(/^(?:kill|blackout)/u)))),
    about("stopped and retried", spread(retriedAfter(evidence, ofExecutors(/^pause/u)))),
    about("orderly stops", spread(exits.map(({ tookMs }) => tookMs)))
  ]
}

export const report = (history: History, findings: ReadonlyArray<Finding>): string => {
  const evidence = new Evidence(history)
  const found = findings.length === 0 ? "none" : counts(findings.map(({ checker }) => checker))
  return [...traffic(evidence), ...recovery(evidence), about("findings", found)].join("\n")
}
