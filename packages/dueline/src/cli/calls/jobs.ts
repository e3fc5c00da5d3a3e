/** `dueline jobs …`. */
import type { BulkAction, BulkJobId, BulkJobStatus } from "@dueline/contracts/bulkJob/BulkJob"
import type {
  BulkFilter,
  BulkJobState,
  BulkPlanView,
  ItemOutcome,
  PlanBulkJob
} from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import type { ServiceCallStatus } from "@dueline/contracts/serviceCall/Command"
import { Console, Effect } from "effect"
import { jobsApi, type JobsApi } from "./CallsApi.ts"
import { withoutUndefined } from "../flags.ts"
import { pairs, table } from "../format.ts"
import { readContent } from "./requestFlags.ts"
import { Ended, hint, JsonOutput, print, Shell } from "../Shell.ts"

const counted = (title: string, names: BulkPlanView["byTarget"]): string =>
  names.length === 0 ? "" : `\n\n${table([[title, "COUNT"], ...names.map(({ count, name }) => [name, String(count)])])}`

const planWords = (plan: BulkPlanView): string => {
  const about = pairs([
    ["action", plan.action],
    ["count", plan.exact ? String(plan.count) : `${plan.count} or more`],
    ["good until", plan.expiresAt]
  ])
  const sample = table([
    ["ID", "TARGET", "REASON"],
    ...plan.sample.map(({ id, reason, target }) => [id, target, reason ?? "-"])
  ])
  const parts = [counted("TARGET", plan.byTarget), counted("REASON", plan.byReason)]
  return `${about}${parts.join("")}${plan.sample.length === 0 ? "" : `\n\n${sample}`}\n\n${plan.token}`
}

export interface PlanInput {
  readonly action: BulkAction
  readonly status: ServiceCallStatus | undefined
  readonly tag: ReadonlyArray<string>
  readonly q: string | undefined
  readonly dueFrom: string | undefined
  readonly dueTo: string | undefined
  readonly topic: string | undefined
  readonly group: string | undefined
  readonly reason: string | undefined
  readonly from: string | undefined
  readonly to: string | undefined
  readonly moveTo: string | undefined
  readonly moveBy: string | undefined
}

/** What a job would do. */
export const showPlan = Effect.fnUntraced(function* (payload: PlanBulkJob, words = planWords) {
  const api = yield* jobsApi
  yield* print(yield* api.plan({ payload }), words)
  yield* hint("nothing was touched; start it: dueline jobs start TOKEN --watch")
})

export const planJob = Effect.fnUntraced(function* ({ action, moveBy, moveTo, tag, ...rest }: PlanInput) {
  const filter: BulkFilter = withoutUndefined({ ...rest, tags: tag.length === 0 ? undefined : tag })
  yield* showPlan({ action, filter, ...withoutUndefined({ moveBy, moveTo }) })
})

const dealtWith = ({ progress: { done, failed, skipped } }: BulkJobState): number => done + failed + skipped

const countsOf = (job: BulkJobState): string => {
  const { plan, progress } = job
  const of = `${dealtWith(job)} of ${plan.exact ? "" : "at least "}${plan.count}`
  return `${of}: ${progress.done} done, ${progress.failed} failed, ${progress.skipped} skipped`
}

const jobWords = (job: BulkJobState): string =>
  pairs([
    ["id", job.id],
    ["action", job.action],
    ["filter", job.deadLetter ?? JSON.stringify(job.filter)],
    ["move to", job.moveTo],
    ["move by", job.moveBy],
    ["status", job.status],
    ["items", countsOf(job)],
    ["rate", `${job.rate} a second at the most`],
    ["started", `${job.createdAt} by ${job.startedBy}`],
    ["ended", job.endedAt],
    ["version", String(job.version)]
  ])

const barWidth = 30

/** One line that is written over: a bar, then the counts. */
const barOf = (job: BulkJobState): string => {
  const share = Math.min(1, job.plan.count === 0 ? 1 : dealtWith(job) / job.plan.count)
  const full = Math.round(share * barWidth)
  return `[${"#".repeat(full)}${".".repeat(barWidth - full)}] ${String(Math.round(share * 100)).padStart(3)} %  ${countsOf(job)}  ${job.status}`
}

/** Milliseconds between two looks. */
const lookMs = 500

/** In a terminal a bar on standard error; else a line at each change. Ends with the job, or when it pauses. */
export const followJob = Effect.fnUntraced(function* (api: JobsApi, id: BulkJobId) {
  const { stderrIsTerminal } = yield* Shell
  const json = yield* JsonOutput
  let seen = 0
  for (;;) {
    const { body: job } = yield* api.get({ params: { id }, query: {}, headers: {} })
    if (job !== undefined && job.version !== seen) {
      seen = job.version
      if (stderrIsTerminal && !json) yield* Effect.sync(() => void process.stderr.write(`\r\u001b[2K${barOf(job)}`))
      else if (!json) yield* Console.error(barOf(job))
    }
    if (job !== undefined && (job.endedAt !== null || job.status === "Paused")) {
      if (stderrIsTerminal && !json) yield* Effect.sync(() => void process.stderr.write("\n"))
      yield* print(job, jobWords)
      if (job.status === "Aborted") return yield* new Ended({ exitCode: 4 })
      return job.progress.failed > 0 ? yield* new Ended({ exitCode: 3 }) : undefined
    }
    yield* Effect.sleep(lookMs)
  }
})

/** Planned, started at once, and followed to its end. */
export const runPlanned = Effect.fnUntraced(function* (payload: PlanBulkJob, rate: number | undefined) {
  const api = yield* jobsApi
  const { token } = yield* api.plan({ payload })
  const { body } = yield* api.start({ payload: { token, ...withoutUndefined({ rate }) } })
  yield* followJob(api, body.id)
})

export const startJob = Effect.fnUntraced(function* (input: {
  readonly token: string
  readonly rate: number | undefined
  readonly watch: boolean
}) {
  const token = (yield* readContent(input.token)).trim()
  const api = yield* jobsApi
  const { body } = yield* api.start({ payload: { token, ...withoutUndefined({ rate: input.rate }) } })
  if (input.watch) return yield* followJob(api, body.id)
  yield* print(body, jobWords)
  yield* hint(`follow it: dueline jobs watch ${body.id}`)
})

export const listJobs = Effect.fnUntraced(function* (input: {
  readonly status: BulkJobStatus | undefined
  readonly limit: number
}) {
  const api = yield* jobsApi
  const page = yield* api.list({ query: withoutUndefined(input) })
  yield* print(page, ({ items }) =>
    items.length === 0
      ? "no jobs"
      : table([
          ["ID", "STATUS", "ACTION", "STARTED", "ITEMS"],
          ...items.map((job) => [job.id, job.status, job.action, job.createdAt, countsOf(job)])
        ])
  )
  if (page.nextCursor !== null) yield* hint("there are more: --limit")
})

const itemLimit = 200

export const showJob = Effect.fnUntraced(function* (input: {
  readonly id: BulkJobId
  readonly items: ItemOutcome | undefined
}) {
  const api = yield* jobsApi
  const { id, items: outcome } = input
  const { body: job } = yield* api.get({ params: { id }, query: {}, headers: {} })
  if (job === undefined) return
  if (outcome === undefined) return yield* print(job, jobWords)
  const { items } = yield* api.items({ params: { id }, query: { outcome, limit: itemLimit } })
  yield* print({ ...job, items }, () => {
    const rows = items.map(({ detail, id, outcome }) => [id, outcome, detail ?? "-"])
    return `${jobWords(job)}\n\n${table([["ITEM", "OUTCOME", "WHY"], ...rows])}`
  })
})

export const watchJob = Effect.fnUntraced(function* ({ id }: { readonly id: BulkJobId }) {
  yield* followJob(yield* jobsApi, id)
})

export const changeJob = (name: "pause" | "resume" | "abort") =>
  Effect.fnUntraced(function* (input: { readonly id: BulkJobId; readonly ifMatch: string | undefined }) {
    const api = yield* jobsApi
    const { id, ifMatch } = input
    const { body } = yield* api[name]({ params: { id }, headers: withoutUndefined({ "if-match": ifMatch }) })
    yield* print(body, jobWords)
  })
