/**
 * A history in which all is well, made by hand: six calls of two tenants, with a retry, a late result, cancellations before and after the
 * handing over, a rerun, an attempt that is lost with its process, and a clock that is ahead; and a schedule, a subscription, a
 * pause, a job and three payloads of one of them.
 */
import { createHmac } from "node:crypto"
import { IdempotencyKey } from "@dueline/contracts/Ids"
import { derivedCallId, derivedTenantId } from "@dueline/identity/derivedId"
import type { Asked, Wanted } from "../src/Asked.ts"
import { hue } from "../src/Drafts.ts"
import type {
  Answer,
  Arrival,
  History,
  Operation,
  ProductReport,
  Report,
  StoredCall,
  StoredPayload,
  StoredShipment,
  StoredStream,
  Told,
  Wish
} from "../src/History.ts"
import { at, failed, lost, origin, started, step, stored, submitted, succeeded } from "./SampleCalls.ts"

type Primitive = string | number | boolean | null | undefined
type Writable<A> = A extends Primitive
  ? A
  : A extends ReadonlyArray<infer Item>
    ? Array<Writable<Item>>
    : A extends object
      ? { -readonly [Field in keyof A]: Writable<A[Field]> }
      : A
export type WritableHistory = Writable<History>

const arrival = (tenant: string, key: string, epoch: number, ms: number, answered: number | null): Arrival => {
  const callId = derivedCallId(derivedTenantId(tenant), IdempotencyKey.make(key))
  const times = { at: origin + ms, endedAt: origin + ms + 4 }
  return { ...times, tenant, key, callId, epoch, attempt: epoch, signed: ["webhook-signature"], answered, hook: null }
}

const reported = (
  tenant: string,
  eventIds: ReadonlyArray<string>,
  ...statuses: ReadonlyArray<string>
): ProductReport => ({
  tenant,
  eventIds,
  tries: 1,
  status: 200,
  results: eventIds.map((eventId, i) => ({ eventId, status: statuses[i] ?? "" }))
})

/** Every call of the sample is of one flow and has the tag. */
export const wishOf = (maxAttempts: number): Wish => ({
  maxAttempts,
  reachable: true,
  flow: "even",
  hue,
  target: "http://127.0.0.1:1"
})

const operation = (
  kind: Operation["kind"],
  tenant: string,
  key: string | null,
  ms: number,
  answer: Answer
): Operation => {
  const wish = kind === "submit" ? wishOf(3) : null
  const about = { kind, tenant, key, delayMs: kind === "submit" || kind === "repeat" ? 100 : null, wish, waits: false }
  const times = { knownVersion: 0, invokedAt: origin + ms - 2, completedAt: origin + ms + 2, tries: 1 }
  return { ...about, ...times, callId: kind === "submit" ? null : answer.callId, answer }
}

const answer = (
  status: number,
  callId: string | null,
  version: number | null,
  callStatus: Answer["callStatus"]
): Answer => ({
  status,
  code: null,
  callId,
  version,
  callStatus,
  dueAt: callStatus === "Scheduled" ? origin + 100 : null
})

/** By `acme`. */
const asked = (wanted: Wanted, ms: number, id: string): Asked => ({
  tenant: "acme",
  wanted,
  invokedAt: origin + ms - 5,
  completedAt: origin + ms,
  tries: 1,
  status: 201,
  id,
  secret: null
})

const event = (eventId: string, type: Report["event"]["type"], ms: number): Report => ({
  tenant: "acme",
  event: { eventId, type, trackingReference: "S-1", occurredAt: at(ms), orderId: null },
  tries: 1,
  status: 202,
  ingestionId: `i-${eventId}`
})

const ends = new Set(["ExecutionSucceeded", "ServiceCallFailed", "ServiceCallCancelled"])

const toldOf = ({ callId, events, tenantId }: StoredCall): ReadonlyArray<Told> =>
  events
    .filter(({ type }) => ends.has(type))
    .map(({ eventId, recordedAt, type }) => ({ at: recordedAt + 10, eventId, tenantId, callId, topic: type }))

const stream = (
  kind: StoredStream["kind"],
  id: string,
  events: ReadonlyArray<readonly [ms: number, payload: unknown]>
): StoredStream => ({
  kind,
  id,
  tenantId: derivedTenantId("acme"),
  events: events.map(([ms, payload], i) => ({
    eventId: `${id}/${i + 1}`,
    payload,
    recordedAt: origin + ms,
    version: i + 1
  }))
})

/** It has two calls, and leaves out a third since the second lasts. */
const scheduleOf = (calls: ReadonlyArray<StoredCall>): StoredStream => {
  const fired = calls.map(({ callId }, i) => {
    const at = (i + 1) * 3_000
    return [at + 5, { _tag: "ScheduleFired", firing: { occurrence: { at: origin + at }, callId } }] as const
  })
  const [first, last] = [origin + 9_000, origin + 9_000]
  return stream("schedule", "schedule-1", [
    [48, { _tag: "ScheduleCreated", progress: { doneUntil: origin + 48 } }],
    ...fired,
    [9_005, { _tag: "OccurrencesSkipped", skip: { first, last, reason: "overlap" } }]
  ])
}

const pauseStream = stream("pause", "pause-1", [
  [118, { _tag: "PauseCreated" }],
  [8_998, { _tag: "PauseResumed" }]
])

const jobStream = stream("bulk-job", "job-1", [
  [300, { _tag: "BulkJobStarted" }],
  [410, { _tag: "BulkStepRecorded", step: 1, done: 1, failed: 0, skipped: 0 }],
  [410, { _tag: "BulkJobCompleted" }]
])

const secret = `whsec_${Buffer.from("secret").toString("base64")}`

const hookOf = (eventId: string): NonNullable<Arrival["hook"]> => {
  const [id, timestamp, body] = [`m-${eventId}`, "1", JSON.stringify({ id: eventId })]
  const signed = createHmac("sha256", "secret").update(`${id}.${timestamp}.${body}`).digest("base64")
  return { id, timestamp, body, signature: `v1,${signed}` }
}

const drop = (place: { readonly binId: string; readonly isThere: boolean }, id: string): Asked =>
  asked({ _tag: "drop", ...place, from: 1_000, to: 2_000 }, 70, id)

const payload = (id: string, became: Partial<StoredPayload>): StoredPayload => ({
  tenantId: derivedTenantId("acme"),
  id,
  status: "Processing",
  orderId: null,
  code: null,
  ...became
})

/** Fresh, so that it may be written into. Its calls in order: `plain`, `retried`, `cancelled`, `rerun`, `lost`, `recalled`, `moved`. */
export const soundHistory = (): WritableHistory => {
  const plain = stored("acme", "plain", [submitted(0, 100), started(110, 1), succeeded(120, 1)])
  const retried = stored("acme", "retried", [
    submitted(0, 100),
    started(110, 1),
    failed(11_000, 1, true, null),
    step(11_000, { _tag: "RetryScheduled", attempt: 2, dueAt: at(11_000) }),
    started(11_010, 2),
    succeeded(11_020, 2),
    step(14_010, { _tag: "ExecutionSuperseded", epoch: 1, currentEpoch: 2, outcome: "succeeded" })
  ])
  const cancelled = stored("borealis", "cancelled", [submitted(0, 5_000), step(50, { _tag: "ServiceCallCancelled" })])
  const rerun = stored("borealis", "rerun", [
    submitted(0, 100),
    started(110, 1),
    failed(120, 1, false, 404),
    step(120, { _tag: "ServiceCallFailed", reason: "permanent" }),
    step(500, { _tag: "ServiceCallRerun", dueAt: at(500) }),
    started(510, 2, 1),
    succeeded(520, 2, 1)
  ])
  // Its only attempt went with a process that was killed.
  const gone = stored("acme", "lost", [
    submitted(0, 100, 1),
    started(20_110, 1),
    lost(31_000, 1),
    step(31_000, { _tag: "ServiceCallFailed", reason: "attempts_exhausted" })
  ])
  const recalled = stored("acme", "recalled", [
    submitted(0, 100),
    started(110, 1),
    step(115, { _tag: "CancellationRequested", epoch: 1 }),
    step(120, { _tag: "ExecutionHandedBack", epoch: 1, reason: "draining", retryAt: at(120) }),
    step(120, { _tag: "ServiceCallCancelled" })
  ])
  const moved = stored("acme", "moved", [
    submitted(0, 3_600_000),
    step(400, { _tag: "ServiceCallRescheduled", dueAt: at(400) }),
    started(410, 1),
    succeeded(420, 1)
  ])
  const fired = [3_000, 6_000].map((ms) =>
    stored("acme", `regular.${origin + ms}`, [submitted(ms, 0), started(ms + 10, 1), succeeded(ms + 20, 1)])
  )
  const [schedule, pause, job] = [scheduleOf(fired), pauseStream, jobStream]
  const messages = [...schedule.events.slice(1, 3), ...pause.events]
  const delivered = messages.map((_, i) =>
    stored("acme", `delivery-${i}`, [
      submitted(9_100 + i * 10, 0),
      started(9_102 + i * 10, 1),
      succeeded(9_105 + i * 10, 1)
    ])
  )
  const calls = [plain, retried, cancelled, rerun, gone, recalled, moved, ...fired, ...delivered]
  const submit = (tenant: string, key: string, callId: string) =>
    operation("submit", tenant, key, 0, answer(202, callId, 1, "Scheduled"))
  const history: History = {
    seed: 1,
    cast: "split",
    tenants: ["acme", "borealis"].map((name) => ({ name, id: derivedTenantId(name) })),
    operations: [
      submit("acme", "plain", plain.callId),
      submit("acme", "retried", retried.callId),
      { ...submit("borealis", "cancelled", cancelled.callId), delayMs: 5_000 },
      submit("borealis", "rerun", rerun.callId),
      { ...submit("acme", "lost", gone.callId), wish: wishOf(1) },
      submit("acme", "recalled", recalled.callId),
      operation("cancel", "borealis", "cancel-1", 50, answer(200, cancelled.callId, 2, "Cancelled")),
      operation("cancel", "acme", "cancel-2", 115, answer(202, recalled.callId, 3, "Running")),
      operation("repeat", "acme", "plain", 60, answer(202, plain.callId, 1, "Scheduled")),
      operation("rerun", "borealis", "rerun-1", 500, answer(202, rerun.callId, 5, "Scheduled")),
      { ...operation("read", "acme", null, 200, answer(200, plain.callId, 3, "Succeeded")), knownVersion: 1 },
      { ...operation("foreign", "acme", null, 200, answer(404, null, null, null)), callId: rerun.callId }
    ],
    asked: [
      asked({ _tag: "pause", of: "tag", key: hue }, 120, "pause-1"),
      asked({ _tag: "resume", pauseId: "pause-1" }, 9_000, "pause-1"),
      asked(
        { _tag: "schedule", key: "regular", everyMs: 3_000, from: origin, until: origin + 10_000, overlap: "skip" },
        50,
        "schedule-1"
      ),
      {
        ...asked(
          { _tag: "subscribe", key: "hook-1", topics: ["ops.schedule.fired", "ops.pause.*"] },
          60,
          "subscription-1"
        ),
        secret
      },
      asked({ _tag: "submit-many", keys: ["moved"] }, 5, "many"),
      asked({ _tag: "job", action: "move-calls", keys: ["moved"] }, 300, "job-1"),
      drop({ binId: "bin-1", isThere: true }, "payload-1"),
      drop({ binId: "bin-1", isThere: true }, "payload-2"),
      drop({ binId: "bin-2", isThere: false }, "payload-3")
    ],
    arrivals: [
      arrival("acme", "plain", 1, 112, 200),
      // Its worker stood still with this one on its way, and heard of the answer when it woke up.
      arrival("acme", "retried", 1, 115, 200),
      arrival("acme", "retried", 2, 11_012, 200),
      arrival("borealis", "rerun", 1, 112, 404),
      { ...arrival("borealis", "rerun", 2, 512, 200), attempt: 1 },
      arrival("acme", "moved", 1, 412, 200),
      ...[3_000, 6_000].map((ms) => arrival("acme", `regular.${origin + ms}`, 1, ms + 12, 200)),
      ...messages.map((message, i) => ({
        ...arrival("acme", `delivery-${i}`, 1, 9_103 + i * 10, 200),
        endedAt: origin + 9_104 + i * 10,
        key: "hook-1",
        hook: hookOf(message.eventId)
      }))
    ],
    stored: calls,
    listed: calls.map(({ callId, row, tenantId }) => ({
      tenant: tenantId === derivedTenantId("acme") ? "acme" : "borealis",
      callId,
      status: row?.status ?? "Scheduled",
      version: row?.version ?? 0
    })),
    readings: calls.map(({ callId, events, row }) => {
      const eventIds = events.map(({ eventId }) => eventId)
      return { tenant: "acme", callId, status: 200, version: row?.version ?? 0, epoch: row?.epoch ?? 0, eventIds }
    }),
    reports: [
      event("evt-1", "label.created", 1),
      event("evt-2", "pickup.completed", 2),
      event("evt-2", "pickup.completed", 2)
    ],
    ingestions: ["evt-1", "evt-2"].map((eventId) => ({
      tenantId: derivedTenantId("acme"),
      id: `i-${eventId}`,
      eventId,
      status: "Completed" as const
    })),
    shipments: [
      {
        tenantId: derivedTenantId("acme"),
        trackingReference: "S-1" as StoredShipment["trackingReference"],
        status: "PickedUp",
        statusAt: at(2),
        orderId: null
      }
    ],
    // Its answer was lost once: the next try heard that the first event is known.
    productReports: [
      reported("acme", ["event-1"], "stored"),
      reported("acme", ["event-1", "event-2"], "duplicate", "stored"),
      reported("borealis", ["event-1"], "duplicate")
    ],
    productEvents: ["acme/event-1", "acme/event-2", "borealis/event-1"].map((name) => {
      const [tenant = "", eventId = ""] = name.split("/")
      return { tenantId: derivedTenantId(tenant), eventId, of: tenant }
    }),
    listedProductEvents: ["acme/event-2", "acme/event-1", "borealis/event-1"].map((name) => {
      const [tenant = "", eventId = ""] = name.split("/")
      return { tenant, eventId, of: tenant }
    }),
    streams: [schedule, pause, job],
    deliveries: delivered.map(({ callId }) => ({ callId })),
    jobItems: [{ jobId: "job-1", itemId: moved.callId, outcome: "done" }],
    payloads: [
      payload("payload-1", { status: "Completed", orderId: "order-1" }),
      payload("payload-2", { status: "Failed", code: "schedule_conflict" }),
      payload("payload-3", { status: "Failed", code: "bin_unfit" })
    ],
    orders: [{ id: "order-1", binId: "bin-1", from: 1_000, to: 2_000 }],
    told: calls.flatMap(toldOf),
    outbox: [],
    deadLetters: [],
    incidents: [
      { kind: "kill", victim: "executor-1", from: origin + 20_120, to: origin + 21_000, note: "" },
      { kind: "clock-jump", victim: "timer-1", from: origin + 40_000, to: origin + 50_000, note: "", clockMs: 15_000 }
    ],
    exits: [{ victim: "api-1", code: 0, at: origin + 60_000, tookMs: 300 }],
    verify: { code: 0, output: "" }
  }
  return structuredClone(history) as WritableHistory
}
