/** `dueline schedule create`, `list`, `show`, `preview`, `pause`, `resume`, `run` and `delete`. */
import type { IdempotencyKey } from "@dueline/contracts/Ids"
import type { BulkPlanView } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import type { ScheduleId, ScheduleStatus } from "@dueline/contracts/schedule/Schedule"
import {
  CreateSchedule,
  type Preview,
  PreviewSchedule,
  type ScheduleState,
  type ScheduleView
} from "@dueline/contracts/schedule/ScheduleBodies"
import type { MissingHour, RepeatedHour } from "@dueline/contracts/schedule/Timing"
import type { HttpMethod } from "@dueline/contracts/serviceCall/Spec"
import { Effect } from "effect"
import { hint, print, usage } from "../Shell.ts"
import { withoutUndefined } from "../flags.ts"
import { pairs, table } from "../format.ts"
import { schedulesApi } from "./CallsApi.ts"
import { type FlowInput, flowOf } from "./flowFlags.ts"
import { runPlanned, showPlan } from "./jobs.ts"
import { bodyOf, checkRequest, headersOf } from "./requestFlags.ts"

interface RuleFlags {
  readonly cron: string | undefined
  readonly every: string | undefined
  readonly missingHour: MissingHour | undefined
  readonly repeatedHour: RepeatedHour | undefined
  readonly from: string | undefined
  readonly until: string | undefined
}

const ruleOf = ({ cron, every, from, missingHour, repeatedHour, until }: RuleFlags) =>
  withoutUndefined({ cron, every, missingHour, repeatedHour, from, until })

const ruleWords = ({ cron, every, zone }: ScheduleState): string => `${cron ?? `every ${every}`} (${zone})`

const words = (schedule: ScheduleState): string => {
  const { fired, last, lastSkip, missed, next } = schedule
  return pairs([
    ["schedule", schedule.id],
    ["name", schedule.name],
    ["status", schedule.pausedReason === null ? schedule.status : `${schedule.status}: ${schedule.pausedReason}`],
    ["rule", ruleWords(schedule)],
    ["clocks", schedule.missingHour === null ? null : `${schedule.missingHour}, ${schedule.repeatedHour}`],
    ["overlap", schedule.overlap],
    ["missed", [missed.policy, missed.max, missed.window].filter((part) => part !== null).join(" ")],
    ["flow", schedule.flow?.key ?? null],
    ["call", `${schedule.request.method} ${schedule.request.url}`],
    ["next", next === null ? null : `${next.at}  ${next.local}`],
    ["last", last === null ? null : `${last.at}  call ${last.callId}`],
    ["left out", lastSkip === null ? null : `${lastSkip.reason} ${lastSkip.first} to ${lastSkip.last}`],
    ["made", `${fired}`],
    ["waiting", schedule.waiting === 0 ? null : `${schedule.waiting}`]
  ])
}

export const createSchedule = Effect.fnUntraced(function* (
  input: RuleFlags &
    FlowInput & {
      readonly zone: string
      readonly url: string
      readonly method: HttpMethod | undefined
      readonly headers: ReadonlyArray<string>
      readonly body: string | undefined
      readonly jsonBody: string | undefined
      readonly name: string | undefined
      readonly jitter: string | undefined
      readonly overlap: ScheduleState["overlap"] | undefined
      readonly missed: "skip" | "last" | "all" | undefined
      readonly missedMax: number | undefined
      readonly missedWindow: string | undefined
      readonly key: IdempotencyKey | undefined
    }
) {
  const { jitter, method, missed, missedMax, missedWindow, name, overlap, url, zone } = input
  if (missed === undefined && (missedMax !== undefined || missedWindow !== undefined))
    return yield* usage("--missed-max and --missed-window go with --missed")
  const body = yield* bodyOf(input)
  const payload = yield* checkRequest(CreateSchedule, {
    ...ruleOf(input),
    ...withoutUndefined({ name, jitter, overlap, flow: yield* flowOf(input) }),
    ...(missed === undefined
      ? {}
      : { missed: { policy: missed, ...withoutUndefined({ max: missedMax, window: missedWindow }) } }),
    zone,
    request: withoutUndefined({
      method: method ?? (body === undefined ? "GET" : "POST"),
      url,
      headers: yield* headersOf(input.headers),
      body
    })
  })
  const api = yield* schedulesApi
  const answer = yield* api.create({ headers: withoutUndefined({ "idempotency-key": input.key }), payload })
  yield* print(answer.body, words)
  yield* hint(`its calls: dueline call list --tag schedule:${answer.body.id}`)
})

const listWords = (items: ReadonlyArray<ScheduleView>): string =>
  items.length === 0
    ? "no schedules"
    : table([
        ["ID", "STATUS", "NEXT", "MADE", "NAME", "RULE"],
        ...items.map((schedule) => [
          schedule.id,
          schedule.status,
          schedule.next?.at ?? "-",
          `${schedule.fired}`,
          schedule.name ?? "-",
          ruleWords(schedule)
        ])
      ])

export const listSchedules = Effect.fnUntraced(function* (input: {
  readonly name: string | undefined
  readonly status: ScheduleStatus | undefined
  readonly limit: number
}) {
  const api = yield* schedulesApi
  const { limit, name, status } = input
  const page = yield* api.list({ query: { limit, ...withoutUndefined({ name, status }) } })
  yield* print(page, ({ items }) => listWords(items))
  if (page.nextCursor !== null) yield* hint("there are more: --limit")
})

export const showSchedule = Effect.fnUntraced(function* ({ id }: { readonly id: ScheduleId }) {
  const api = yield* schedulesApi
  const answer = yield* api.get({ params: { id }, query: {}, headers: {} })
  if ("body" in answer) yield* print(answer.body as ScheduleView, words)
})

const marks: Readonly<Record<Preview["items"][number]["mark"], string>> = {
  regular: "",
  shifted: "shifted: clocks pass over its time",
  at_jump: "when clocks are set forward",
  first: "the first of two that look alike",
  second: "the second of two that look alike"
}

/** Times, and the changes of clocks between them. */
const previewWords = ({ items, transitions, zone, zoneData }: Preview): string =>
  table([
    ["UTC", zone, `zone data ${zoneData}`],
    ...[
      ...items.map(({ at, local, mark }) => [at, local, marks[mark]]),
      ...transitions.map(({ after, at, before }) => [at, after, `-- clocks: ${before} becomes ${after}`])
    ].sort(([a = "", , one = ""], [b = "", , other = ""]) => (a === b ? other.length - one.length : a < b ? -1 : 1))
  ])

export const previewSchedule = Effect.fnUntraced(function* (
  input: RuleFlags & {
    readonly id: string | undefined
    readonly zone: string | undefined
    readonly after: string | undefined
    readonly count: number
  }
) {
  const { after, count, id, zone } = input
  const api = yield* schedulesApi
  if (id !== undefined) {
    if (Object.keys(ruleOf(input)).length > 0 || zone !== undefined || after !== undefined)
      return yield* usage("Give --id or a rule, not both")
    return yield* print(yield* api.preview({ params: { id: id as ScheduleId }, query: { count } }), previewWords)
  }
  const payload = yield* checkRequest(PreviewSchedule, {
    ...ruleOf(input),
    ...withoutUndefined({ zone, after }),
    count
  })
  yield* print(yield* api.previewNew({ payload }), previewWords)
})

export const pauseSchedule = Effect.fnUntraced(function* (input: {
  readonly id: ScheduleId
  readonly reason: string | undefined
  readonly key: IdempotencyKey | undefined
}) {
  const { id, key, reason } = input
  const api = yield* schedulesApi
  const headers = withoutUndefined({ "idempotency-key": key })
  const { body } = yield* api.pause({ params: { id }, headers, payload: withoutUndefined({ reason }) })
  yield* print(body, words)
})

export const changeSchedule = (what: "resume" | "run" | "delete") =>
  Effect.fnUntraced(function* ({ id, key }: { readonly id: ScheduleId; readonly key: IdempotencyKey | undefined }) {
    const api = yield* schedulesApi
    const asked = { params: { id }, headers: withoutUndefined({ "idempotency-key": key }) }
    const ask = { resume: api.resume, run: api.run, delete: api.remove }[what]
    const { body } = yield* ask(asked)
    yield* print(body, words)
  })

/** `dueline schedule backfill`: the plan of it, and with `--start` the job. */
const clocksOf = ({ byReason, times }: BulkPlanView): string => {
  const parts = byReason.map(({ count, name }) => `${count} ${name}`)
  const passedOver = times?.passedOver ?? 0
  return [...parts, ...(passedOver === 0 ? [] : [`${passedOver} passed over`])].join(", ")
}

const planWords = (plan: BulkPlanView): string => {
  const { count, expiresAt, sample, times, token } = plan
  const changes = times?.transitions ?? []
  const about = pairs([
    ["times", String(count)],
    ["first", times?.first ?? null],
    ["last", times?.last ?? null],
    ["zone", times?.zone ?? null],
    ["policies", (times?.missingHour ?? null) === null ? null : `${times?.missingHour}, ${times?.repeatedHour}`],
    ["clocks", clocksOf(plan) || null],
    ["good until", expiresAt]
  ])
  const parts = [
    changes.length === 0 ? "" : table([["CLOCKS", "BECOME"], ...changes.map(({ after, before }) => [before, after])]),
    sample.length === 0
      ? ""
      : table([["CALL", "TIME", ""], ...sample.map(({ id, reason, target }) => [id, target, reason ?? ""])]),
    token
  ]
  return [about, ...parts.filter((part) => part !== "")].join("\n\n")
}

export const backfillSchedule = Effect.fnUntraced(function* (input: {
  readonly id: ScheduleId
  readonly from: string
  readonly to: string
  readonly rate: number | undefined
  readonly start: boolean
}) {
  const { from, id: schedule, rate, start, to } = input
  const asked = { action: "backfill-schedule", filter: { schedule, from, to } } as const
  return yield* start ? runPlanned(asked, rate) : showPlan(asked, planWords)
})
