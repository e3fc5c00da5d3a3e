/** Stored facts are for ever: what version 1 of every event looks like, kept in files that are only ever added to. */
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { eventVersion, ServiceCallEvent, type ServiceCallEventType } from "@dueline/contracts/serviceCall/Event"
import { Schema } from "effect"
import * as Call from "./ServiceCallSample.ts"

const folder = join(import.meta.dirname, "golden", "service-call")
const fileOf = (tag: string): string => join(folder, `${tag}.v${eventVersion}.json`)
const tags = Object.keys(ServiceCallEvent.cases) as ReadonlyArray<ServiceCallEventType>
const files = (): ReadonlyArray<string> => globSync(join(folder, "*.json"))
const decode = Schema.decodeUnknownSync(ServiceCallEvent)
const response = { bodyBytes: 12, bodySnippet: '{"ok":true}', truncated: false }

/** One full case of each, used once: to write the file of an event type that is new. */
const samples: { readonly [Tag in ServiceCallEventType]: Extract<ServiceCallEvent, { readonly _tag: Tag }> } = {
  ServiceCallSubmitted: {
    _tag: "ServiceCallSubmitted",
    spec: Call.spec({ jitter: 0.2 }),
    dueAt: Call.dueAt,
    submittedAt: Call.t0,
    fingerprint: "f1",
    origin: { ...Call.origin, traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" }
  },
  ServiceCallRescheduled: { _tag: "ServiceCallRescheduled", dueAt: Call.dueAt },
  ServiceCallCancelled: { _tag: "ServiceCallCancelled" },
  CancellationRequested: { _tag: "CancellationRequested", epoch: 1 },
  ExecutionStarted: {
    _tag: "ExecutionStarted",
    epoch: 2,
    attempt: 2,
    worker: Call.worker,
    startedAt: Call.dueAt,
    deadlineAt: Call.ms(Call.dueAt + 6_000)
  },
  ExecutionSucceeded: { _tag: "ExecutionSucceeded", epoch: 2, attempt: 2, status: 200, durationMs: 80, response },
  ExecutionFailed: {
    _tag: "ExecutionFailed",
    epoch: 1,
    attempt: 1,
    reason: "http_status",
    detail: "503 Service Unavailable",
    status: 503,
    durationMs: 80,
    response
  },
  ExecutionHandedBack: {
    _tag: "ExecutionHandedBack",
    epoch: 2,
    reason: "circuit_open",
    retryAt: Call.ms(Call.dueAt + 5_000)
  },
  RetryScheduled: { _tag: "RetryScheduled", attempt: 2, dueAt: Call.ms(Call.dueAt + 1_080) },
  ServiceCallFailed: { _tag: "ServiceCallFailed", reason: "attempts_exhausted" },
  ServiceCallRerun: { _tag: "ServiceCallRerun", dueAt: Call.ms(Call.dueAt + 900_000) },
  ExecutionSuperseded: { _tag: "ExecutionSuperseded", epoch: 1, currentEpoch: 2, outcome: "succeeded" }
}

// Only adds what is missing: a file that exists is never written again.
if (process.env.UPDATE_GOLDEN === "1") {
  mkdirSync(folder, { recursive: true })
  for (const tag of tags) {
    if (!existsSync(fileOf(tag)))
      writeFileSync(fileOf(tag), `${JSON.stringify(samples[tag], null, 2)}\n`, { flag: "wx" })
  }
}

describe("golden events", () => {
  it("every type of event has its file (UPDATE_GOLDEN=1 adds one that is missing)", () => {
    assert.deepStrictEqual(
      tags.filter((tag) => !existsSync(fileOf(tag))),
      []
    )
  })

  it("there is no file of an event that is unknown", () => {
    const known = tags.flatMap((tag) =>
      Array.from({ length: eventVersion }, (_, i) => join(folder, `${tag}.v${i + 1}.json`))
    )
    assert.deepStrictEqual(
      files().filter((file) => !known.includes(file)),
      []
    )
  })

  for (const tag of tags) {
    it(`${tag} is read as it was written, with nothing lost`, () => {
      const stored: unknown = JSON.parse(readFileSync(fileOf(tag), "utf8"))
      const event = decode(stored)
      assert.strictEqual(event._tag, tag)
      assert.deepStrictEqual<unknown>(event, stored)
    })
  }
})
