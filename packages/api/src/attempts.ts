/** What was tried, told from the history of one call. */
import type { Attempt } from "@dueline/contracts/api/ServiceCallView"
import { formatInstant } from "@dueline/contracts/api/Wire"
import type { RecordedEvent } from "@dueline/contracts/Envelope"
import { ServiceCallEvent } from "@dueline/contracts/serviceCall/Event"
import { Schema } from "effect"

const isEvent = Schema.is(ServiceCallEvent)

/**
 * Oldest first. One that a worker handed back is none: nothing was sent, and the next one has its number; only the history tells of it.
 * An event that this version of the program does not know is passed over.
 */
export const attemptsOf = (history: ReadonlyArray<RecordedEvent>): ReadonlyArray<Attempt> => {
  const attempts = new Map<number, Attempt>()
  for (const { payload, recordedAt } of history) {
    if (isEvent(payload)) record(attempts, payload, recordedAt)
  }
  return [...attempts.values()]
}

const record = (attempts: Map<number, Attempt>, event: ServiceCallEvent, recordedAt: number): void => {
  if (event._tag === "ExecutionStarted") {
    attempts.set(event.epoch, {
      number: event.attempt,
      epoch: event.epoch,
      startedAt: formatInstant(event.startedAt),
      durationMs: null,
      outcome: "running",
      status: null,
      reason: null,
      detail: null,
      response: null,
      superseded: []
    })
    return
  }
  if (event._tag === "ExecutionHandedBack") attempts.delete(event.epoch)
  if (event._tag !== "ExecutionSucceeded" && event._tag !== "ExecutionFailed" && event._tag !== "ExecutionSuperseded")
    return
  const attempt = attempts.get(event.epoch)
  if (attempt !== undefined) attempts.set(event.epoch, finish(attempt, event, recordedAt))
}

type Result = Extract<
  ServiceCallEvent,
  { readonly _tag: "ExecutionSucceeded" | "ExecutionFailed" | "ExecutionSuperseded" }
>

const finish = (attempt: Attempt, event: Result, recordedAt: number): Attempt => {
  if (event._tag === "ExecutionSuperseded") {
    return {
      ...attempt,
      superseded: [...attempt.superseded, { outcome: event.outcome, recordedAt: formatInstant(recordedAt) }]
    }
  }
  const { durationMs, response, sentAt, status } = event
  const startedAt = sentAt === undefined ? attempt.startedAt : formatInstant(sentAt)
  return event._tag === "ExecutionSucceeded"
    ? { ...attempt, startedAt, outcome: "succeeded", durationMs, status, response }
    : {
        ...attempt,
        startedAt,
        outcome: "failed",
        durationMs,
        status,
        response,
        reason: event.reason,
        detail: event.detail
      }
}
