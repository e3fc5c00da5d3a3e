/** Service calls as a person reads them in a terminal. */
import type {
  Attempt,
  HistoryEvent,
  ServiceCall,
  ServiceCallState,
  ServiceCallSummary
} from "@dueline/contracts/api/ServiceCallView"
import { Clock, Effect } from "effect"
import { localInstant, pairs, relative, span, table } from "../format.ts"
import { Shell } from "../Shell.ts"

const colours: Readonly<Record<string, string>> = {
  Scheduled: "\x1b[34m",
  Running: "\x1b[36m",
  running: "\x1b[36m",
  Succeeded: "\x1b[32m",
  succeeded: "\x1b[32m",
  Failed: "\x1b[31m",
  failed: "\x1b[31m",
  Cancelled: "\x1b[33m"
}
const columns = ["ID", "STATUS", "DUE", "", "TRIES", "HTTP", "REQUEST"]
const least = [36, 9, 29, 14]

/** How times and colours look just now, in this terminal. */
export interface Style {
  readonly now: number
  readonly offsetMinutes: (millis: number) => number
  readonly colour: boolean
}

export const style: Effect.Effect<Style> = Effect.gen(function* () {
  const { colour, offsetMinutes } = yield* Shell
  return { colour, offsetMinutes, now: yield* Clock.currentTimeMillis }
})

const paint =
  ({ colour }: Style) =>
  (cell: string): string => {
    const code = colour ? colours[cell.trimEnd()] : undefined
    return code === undefined ? cell : `${code}${cell}\x1b[0m`
  }

const local = (timestamp: string, { offsetMinutes }: Style): string => {
  const millis = Date.parse(timestamp)
  return localInstant(millis, offsetMinutes(millis))
}

const instantWords = (timestamp: string, style: Style): string =>
  `${local(timestamp, style)} (${relative(Date.parse(timestamp), style.now)})`

export const stateWords = (state: ServiceCallState, style: Style): string =>
  table([[state.id, state.status, `due ${instantWords(state.dueAt, style)}`]], { paint: paint(style) })

export const listWords = (items: ReadonlyArray<ServiceCallSummary>, withHeading: boolean, style: Style): string => {
  const rows = items.map(({ attempt, dueAt, id, lastStatus, request, status }) => [
    id,
    status,
    local(dueAt, style),
    relative(Date.parse(dueAt), style.now),
    String(attempt),
    lastStatus === null ? "-" : String(lastStatus),
    `${request.method} ${request.url}`
  ])
  return table(withHeading ? [columns, ...rows] : rows, { least, paint: paint(style) })
}

export const callWords = (call: ServiceCall, style: Style): string => {
  const about = pairs(
    [
      ["id", call.id],
      ["status", call.status],
      ["", call.cancelRequested ? "cancellation was asked for" : null],
      ["request", `${call.request.method} ${call.request.url}`],
      [
        "headers",
        Object.entries(call.request.headers)
          .map(([name, value]) => `${name}: ${value}`)
          .join(", ")
      ],
      [
        "body",
        call.request.bodyBytes === 0 ? null : `${call.request.bodyBytes} bytes: ${call.request.bodySnippet ?? ""}`
      ],
      ["tags", call.tags.join(" ")],
      ["created", instantWords(call.createdAt, style)],
      ["due", instantWords(call.dueAt, style)],
      ["not before", call.notBefore === null ? null : `${instantWords(call.notBefore, style)}: ${call.waitReason}`],
      ["flow", call.flow?.key ?? null],
      ["waits", call.waitsFor?.text ?? null],
      ["ended", call.endedAt === null ? null : instantWords(call.endedAt, style)],
      ["failure", call.failureReason],
      ["attempts", `${call.attempt} of ${call.retry.maxAttempts} at the most, ${span(call.timeoutMs)} each`],
      ["version", String(call.version)],
      ["correlation", call.correlationId]
    ],
    paint(style)
  )
  return call.attempts.length === 0 ? about : `${about}\n\n${attemptsWords(call.attempts, style)}`
}

const attemptsWords = (attempts: ReadonlyArray<Attempt>, style: Style): string =>
  table(
    [
      ["TRY", "STARTED", "TOOK", "OUTCOME", "HTTP", "WHY"],
      ...attempts.map(({ detail, durationMs, number, outcome, reason, startedAt, status, superseded }) => [
        String(number),
        local(startedAt, style),
        durationMs === null ? "-" : span(durationMs),
        outcome,
        status === null ? "-" : String(status),
        [reason, detail, ...superseded.map((late) => `(a late result: ${late.outcome})`)]
          .filter((part) => part !== null)
          .join(": ")
      ])
    ],
    { paint: paint(style) }
  )

/** One line, as it comes. */
export const eventWords = ({ payload, recordedAt, type, version }: HistoryEvent, style: Style): string =>
  table([[String(version).padStart(3), local(recordedAt, style), type, detailOf(payload, style)]], {
    least: [3, 24, 23]
  })

const telling = ["attempt", "status", "durationMs", "reason", "cause", "detail", "dueAt", "outcome"]

/** The members of an event that say what happened; the rest is for `--json`. */
const detailOf = (payload: unknown, style: Style): string => {
  if (typeof payload !== "object" || payload === null) return ""
  const members = payload as Readonly<Record<string, unknown>>
  return telling
    .flatMap((name) => {
      const value = members[name]
      if (typeof value !== "string" && typeof value !== "number") return []
      if (name === "dueAt" && typeof value === "number")
        return [`due ${localInstant(value, style.offsetMinutes(value))}`]
      if (name === "durationMs" && typeof value === "number") return [`took ${span(value)}`]
      return [`${name} ${value}`]
    })
    .join(", ")
}
