/** `dueline schedule backfill`: the plan of it, and with `--start` the job. */
import type { BulkPlanView } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import type { ScheduleId } from "@dueline/contracts/schedule/Schedule"
import { Effect } from "effect"
import { pairs, table } from "../format.ts"
import { runPlanned, showPlan } from "./jobs.ts"

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
