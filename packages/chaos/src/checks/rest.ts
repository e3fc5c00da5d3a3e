/** What holds at the end of a run, when all faults are healed. */
import type { Check } from "../Evidence.ts"
import { disturbedMs } from "../disturbances.ts"
import type { History } from "../History.ts"

/** A letter under an ingestion's own id says that it failed, which is an end. */
const givenUp = ({ deadLetters, ingestions, payloads }: History): ReadonlyArray<string> => {
  const failed = new Set([...ingestions, ...payloads].filter(({ status }) => status === "Failed").map(({ id }) => id))
  return deadLetters.filter((eventId) => !failed.has(eventId))
}

/** When all is well again, everything that was accepted comes to its end, and every message leaves. */
export const everythingEnds: Check = ({ calls, history }) => [
  ...[...calls.values()].flatMap(({ callId, row }) =>
    row !== null && row.endedAt === null
      ? [{ callId, detail: `it is still ${row.status}, due ${new Date(row.dueAt).toISOString()}, epoch ${row.epoch}` }]
      : []
  ),
  ...history.outbox.map((eventId) => ({ callId: null, detail: `the message ${eventId} was never sent` })),
  ...givenUp(history).map((eventId) => ({ callId: null, detail: `the message ${eventId} was given up` }))
]

/**
 * A stop has twenty seconds, a third of them for the requests that came in and another for attempts; what is left of it waits for the servers, and a
 * stop during which they are away for longer than that is cut off, with exit code 1.
 */
const cutOffMs = 20_000 / 3

/** A process ends when it is told to, with exit code 0, and not otherwise. */
export const orderlyEnds: Check = ({ history }) => [
  ...history.exits
    .filter(({ at, code, tookMs }) => code !== 0 && !(code === 1 && disturbedMs(history, at, at + tookMs) > cutOffMs))
    .map(({ code, victim }) => ({ callId: null, detail: `${victim} was asked to stop and ended with ${code}` })),
  ...history.incidents
    .filter(({ kind }) => kind === "collapse")
    .map(({ note, victim }) => ({ callId: null, detail: `${victim} ended by itself: ${note}` }))
]

/** `dueline verify`, the program's own judgement of its tables, agrees. */
export const ownVerdict: Check = ({ history: { verify } }) =>
  verify.code === 0 ? [] : [{ callId: null, detail: `dueline verify ended with ${verify.code}: ${verify.output}` }]
