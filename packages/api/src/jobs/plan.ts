/** A plan: what a filter chooses at this moment, counted and not touched, and the token that stands for it. */
import { parseDelay, parseInstant } from "@dueline/contracts/api/Wire"
import { outboxGroup } from "@dueline/contracts/api/DeadLetterEndpoints"
import {
  actionOf,
  type BulkAction,
  BulkPlan,
  BulkWork,
  type CallChoice,
  type LetterChoice
} from "@dueline/contracts/bulkJob/BulkJob"
import {
  type BulkPlanView,
  maxPlanned,
  namesCounted,
  type PlanBulkJob,
  planMs,
  sampleSize
} from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import { formatInstant } from "@dueline/contracts/api/Wire"
import type { EpochMillis, ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { CallQueries } from "@dueline/contracts/ports/Queries"
import { DeadLetterQueries } from "@dueline/contracts/ports/DeadLetters"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import type { ServiceCallStatus } from "@dueline/contracts/serviceCall/Command"
import { Clock, Effect, Option, Result, Schema } from "effect"
import { Cursor } from "../resources/paging.ts"
import { type Denial, denied } from "../requests/refusal.ts"
import { invalid } from "../requests/requestBody.ts"
import { now } from "../resources/asking.ts"
import { pathOfItem } from "./jobView.ts"

/** How long a plan may count, in milliseconds: well within what a request may take. */
const countMs = 5_000
export const pageSize = 500
const lastId = "ffffffff-ffff-ffff-ffff-ffffffffffff"

/** The states in which a call can be dealt with so; the first where the filter does not say. */
const statuses = {
  "cancel-calls": ["Scheduled", "Running"],
  "move-calls": ["Scheduled"],
  "run-calls": ["Failed"]
} as const satisfies Readonly<Record<string, readonly [ServiceCallStatus, ...Array<ServiceCallStatus>]>>

const instantIn = (text: string | undefined): EpochMillis | null =>
  text === undefined ? null : (parseInstant(text, "up") as EpochMillis)

const lettersIn = ({ filter }: PlanBulkJob): LetterChoice => ({
  id: null,
  topic: filter.topic ?? null,
  group: filter.group === undefined ? null : filter.group === outboxGroup ? "" : filter.group,
  reason: filter.reason ?? null,
  from: instantIn(filter.from),
  to: instantIn(filter.to)
})

type Refused = Denial<"empty_filter" | "invalid_request">

export type ChoosingWork = Exclude<BulkWork, { readonly _tag: "BackfillSchedule" | "RedeliverMessages" }>
export interface PlanChoosing extends PlanBulkJob {
  readonly action: Exclude<BulkAction, "backfill-schedule" | "redeliver-messages">
}

export const workIn = (body: PlanChoosing): Result.Result<ChoosingWork, Refused> => {
  const { action, filter } = body
  if (Object.keys(filter).length === 0)
    return Result.fail(denied("empty_filter", "Say which ones: give at least one member of `filter`."))
  if (action === "replay-dead-letters") return Result.succeed({ _tag: "ReplayDeadLetters", filter: lettersIn(body) })
  const [usual, ...others] = statuses[action]
  const allowed: ReadonlyArray<ServiceCallStatus> = [usual, ...others]
  const status = filter.status ?? usual
  if (!allowed.includes(status)) {
    const message = `${action} is for calls that are ${allowed.join(" or ")}`
    return Result.fail(invalid([{ path: "body.filter.status", message }]))
  }
  const choice: CallChoice = {
    status,
    tags: [...new Set(filter.tags)].sort(),
    dueFrom: instantIn(filter.dueFrom),
    dueTo: instantIn(filter.dueTo),
    search: filter.q ?? null
  }
  switch (action) {
    case "cancel-calls":
      return Result.succeed({ _tag: "CancelCalls", filter: choice })
    case "run-calls":
      return Result.succeed({ _tag: "RunCalls", filter: choice })
    case "move-calls":
      return Result.succeed({
        _tag: "MoveCalls",
        filter: choice,
        to: instantIn(body.moveTo),
        byMs: body.moveBy === undefined ? null : parseDelay(body.moveBy)
      })
  }
}

// The token: the plan in base64url, and a mark that is signed for the tenant and for this plan.

const Planned = Schema.fromJsonString(Schema.Struct({ work: BulkWork, plan: BulkPlan }))
export type Planned = typeof Planned.Type
const decodePlanned = Schema.decodeUnknownOption(Planned)
const tokenForm = /^([\w-]{1,16000})\.([\w-]{24,200})$/u

export const makeTokens = Effect.map(Cursor, ({ open, seal }) => {
  const about = (text: string) => ({ list: "bulk-job-plan", plan: text })
  const sealed = (tenantId: TenantId, planned: Planned): string => {
    const text = Buffer.from(JSON.stringify(planned)).toString("base64url")
    return `${text}.${seal(tenantId, about(text), new Uint8Array(8))}`
  }
  return {
    /** With what is shown of it beside its token. */
    issue: (tenantId: TenantId, work: BulkWork, plan: BulkPlan) => ({
      action: actionOf(work),
      count: plan.count,
      exact: plan.exact,
      plannedAt: formatInstant(plan.at),
      expiresAt: formatInstant(plan.at + planMs),
      token: sealed(tenantId, { work, plan })
    }),
    /** Null for one that was not made here, for this tenant. */
    open: (tenantId: TenantId, token: string): Planned | null => {
      const [, text = "", mark = ""] = tokenForm.exec(token) ?? []
      if (text === "" || open(tenantId, about(text), mark) === null) return null
      return Option.getOrNull(decodePlanned(Buffer.from(text, "base64url").toString()))
    }
  }
})

interface Seen {
  readonly id: string
  readonly target: string
  readonly reason: string | null
}

/** `next`: where it goes on; null at the end. */
interface Looked<Mark> {
  readonly seen: ReadonlyArray<Seen>
  readonly next: Mark | null
}

/** What stands between scheme and path: where a call goes. */
const originOf = (url: string): string => URL.parse(url)?.origin ?? url

export const mostFrequent = (names: ReadonlyMap<string, number>) =>
  [...names]
    .map(([name, count]) => ({ name, count }))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
    .slice(0, namesCounted)

export const add = (names: Map<string, number>, name: string): void => void names.set(name, (names.get(name) ?? 0) + 1)

/** Counts what there is page by page, up to a number and for a time, and keeps the first of it. */
export const countedBy = <Mark, E>(work: BulkWork, first: Mark, look: (from: Mark) => Effect.Effect<Looked<Mark>, E>) =>
  Effect.gen(function* () {
    const until = (yield* Clock.currentTimeNanos) + BigInt(countMs) * 1_000_000n
    const sample: Array<Seen> = []
    const [byTarget, byReason] = [new Map<string, number>(), new Map<string, number>()]
    let count = 0
    let from: Mark | null = first
    while (from !== null && count < maxPlanned && (yield* Clock.currentTimeNanos) < until) {
      const { next, seen }: Looked<Mark> = yield* look(from)
      count += seen.length
      sample.push(...seen.slice(0, sampleSize - sample.length))
      for (const { reason, target } of seen) {
        add(byTarget, target)
        if (reason !== null) add(byReason, reason.slice(0, 200))
      }
      from = next
    }
    return {
      count,
      exact: from === null,
      sample: sample.map((one) => ({ ...one, links: { self: pathOfItem(work, one.id) } })),
      byTarget: mostFrequent(byTarget),
      byReason: mostFrequent(byReason)
    }
  })

interface CreatedAt {
  readonly at: number
  readonly id: string
}

export const makePlan = Effect.gen(function* () {
  const calls = yield* CallQueries
  const letters = yield* DeadLetterQueries
  const tokens = yield* makeTokens

  const look = (
    tenantId: TenantId,
    work: ChoosingWork,
    { at, id }: CreatedAt
  ): Effect.Effect<Looked<CreatedAt>, StoreUnavailable> => {
    if (work._tag === "ReplayDeadLetters") {
      const { from, group, reason, to, topic } = work.filter
      const filter = { from, group, reason, to, topic, state: "Waiting" } as const
      return Effect.map(letters.list({ tenantId, filter, after: { diedAt: at, id }, limit: pageSize }), (page) => ({
        seen: page.letters.map(({ group, id, reason }) => ({ id, target: group === "" ? outboxGroup : group, reason })),
        next: page.next === null ? null : { at: page.next.diedAt, id: page.next.id }
      }))
    }
    const after = { createdAt: at, callId: id as ServiceCallId }
    return Effect.map(calls.list({ tenantId, filter: work.filter, after, limit: pageSize }), ({ next, rows }) => ({
      seen: rows.map((row) => ({ id: row.callId, target: originOf(row.request.url), reason: row.failureReason })),
      next: next === null ? null : { at: next.createdAt, id: next.callId }
    }))
  }

  return Effect.fnUntraced(function* (tenantId: TenantId, work: ChoosingWork) {
    const at = yield* now
    const first: CreatedAt = { at, id: lastId }
    const { count, exact, ...found } = yield* countedBy(work, first, (from) => look(tenantId, work, from))
    return { ...tokens.issue(tenantId, work, { at, count, exact }), ...found } satisfies BulkPlanView
  })
})
