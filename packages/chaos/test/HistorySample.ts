/**
 * A history in which all is well, made by hand: six calls of two tenants, with a retry, a late result, cancellations before and after the
 * handing over, a rerun, an attempt that is lost with its process, and a clock that is ahead.
 */
import { IdempotencyKey } from "@dueline/contracts/Ids"
import { derivedCallId, derivedTenantId } from "@dueline/identity/derivedId"
import type { Asked, Wanted } from "../src/Asked.ts"
import { hue } from "../src/Drafts.ts"
import type {
  Answer,
  Arrival,
  History,
  Operation,
  Report,
  StoredCall,
  StoredShipment,
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
  return { ...times, tenant, key, callId, epoch, attempt: epoch, signed: ["webhook-signature"], answered }
}

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
  id
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

/** Fresh, so that it may be written into. Its calls in order: `plain`, `retried`, `cancelled`, `rerun`, `lost`, `recalled`. */
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
  const calls = [plain, retried, cancelled, rerun, gone, recalled]
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
      asked({ _tag: "resume", pauseId: "pause-1" }, 9_000, "pause-1")
    ],
    arrivals: [
      arrival("acme", "plain", 1, 112, 200),
      // Its worker stood still with this one on its way, and heard of the answer when it woke up.
      arrival("acme", "retried", 1, 115, 200),
      arrival("acme", "retried", 2, 11_012, 200),
      arrival("borealis", "rerun", 1, 112, 404),
      { ...arrival("borealis", "rerun", 2, 512, 200), attempt: 1 }
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
