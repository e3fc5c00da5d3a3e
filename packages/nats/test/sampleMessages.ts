/**
 * Messages between processes, one of each kind and some more, as the program of this checkout writes them. Run by itself it prints them:
 * `node packages/nats/test/sampleMessages.ts > packages/nats/test/released/RELEASE.json` when a release is made.
 */
import { Command, Outcome, Rejection } from "@dueline/contracts/kinds"
import type { WorkerId } from "@dueline/contracts/Ids"
import { Arbitrary, Effect, type Schema } from "effect"
import { alarmsText } from "../src/timer/RemoteAlarms.ts"
import { alarmText } from "../src/timer/ScheduleWriter.ts"
import { answerText, asksText, askText, refusalText, repliesText } from "../src/commands/CommandWire.ts"
import { changesText } from "../src/bus/RemoteNotices.ts"
import { heartbeatText } from "../src/members/Members.ts"
import { attemptsText, attemptText, placesText } from "../src/workforce/WorkforceWire.ts"

const uuid = "016452f6-c56e-8766-bc89-c232a0698bbd"
/** Enough of them that every kind is among them. */
const each = <S extends Schema.Constraint>(union: S): ReadonlyArray<S["Type"]> =>
  Effect.runSync(Arbitrary.sampleEffect(Arbitrary.schema(union), { count: 600, seed: 7 }))

const envelopeOf = (command: unknown) => ({
  tenantId: uuid,
  commandId: "c-1",
  correlationId: "abc",
  actor: { kind: "user", id: "ž" },
  traceparent: null,
  idempotency: { key: "k", fingerprint: "f" },
  expectedVersion: 4,
  command
})

const alarm = { tenantId: uuid, callId: uuid, revision: 3, dueAt: 1_795_934_956_118, target: "example.com:443" }

export const sampleMessages = () => ({
  asks: each(Command).map((command, n) => asksText([askText(n, envelopeOf(command) as never)])),
  replies: [
    ...each(Outcome).map((outcome, n) =>
      repliesText([answerText(n, { version: 3, replayed: false, outcome } as never)])
    ),
    ...each(Rejection).map((refusal, n) => repliesText([refusalText(n, refusal as never)]))
  ],
  attempts: [
    attemptsText("process-1", 7, [
      attemptText({
        _tag: "ExecutionRequested",
        ...{ tenantId: uuid, callId: uuid, worker: "w-1", epoch: 2, attempt: 1, dueAt: 5, deadlineAt: 9, timeoutMs: 4 },
        retryStatuses: [503],
        request: { method: "POST", url: "https://example.com/", headers: {}, bodyBytes: 0, bodySnippet: null },
        ...{ sealed: null, correlationId: "abc", traceparent: null }
      } as never)
    ])
  ],
  places: [placesText("w-1" as WorkerId, 5, new Map([["process-1", 7]]))],
  alarms: [alarmsText([alarmText(alarm as never)])],
  changes: [changesText({ callIds: [uuid as never], omitted: 2 })],
  words: [heartbeatText({ id: "p-1", roles: ["executor"], state: "serving" } as never, true)]
})

if (import.meta.main) console.log(JSON.stringify(sampleMessages(), null, 2))
