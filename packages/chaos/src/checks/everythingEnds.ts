/** When all is well again, everything that was accepted comes to its end, and every message leaves. */
import type { Check } from "../Evidence.ts"

export const everythingEnds: Check = ({ calls, history }) => [
  ...[...calls.values()].flatMap(({ callId, row }) =>
    row !== null && row.endedAt === null
      ? [{ callId, detail: `it is still ${row.status}, due ${new Date(row.dueAt).toISOString()}, epoch ${row.epoch}` }]
      : []
  ),
  ...history.outbox.map((eventId) => ({ callId: null, detail: `the message ${eventId} was never sent` })),
  ...history.deadLetters.map((eventId) => ({ callId: null, detail: `the message ${eventId} was given up` }))
]
