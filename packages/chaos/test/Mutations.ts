/** Ways in which a sound history can be made wrong, each with the checker that must say so. */
import type { CheckerName } from "../src/checkers.ts"
import type { Arrival } from "../src/History.ts"
import { type WritableHistory, wishOf } from "./HistorySample.ts"
import { origin, started, stored, submitted, succeeded } from "./SampleCalls.ts"
import { hue } from "../src/Drafts.ts"

/** A part of the history, which is there. */
export const the = <A>(part: A | null | undefined): A => {
  if (part === null || part === undefined) throw new Error("the sample has no such part")
  return part
}

const call = ({ stored }: WritableHistory, i: number) => the(stored[i])
const operation = ({ operations }: WritableHistory, kind: string, i = 0) =>
  the(operations.filter((one) => one.kind === kind)[i])
const payload = (history: WritableHistory, i: number, version: number) =>
  the(call(history, i).events[version - 1]).payload as Record<string, unknown>
const again = ({ arrivals }: WritableHistory, i: number, change: Partial<Arrival>) => {
  arrivals.push({ ...the(arrivals[i]), ...change } as (typeof arrivals)[number])
}
const [plain, retried, cancelled, rerun, lost, recalled, moved] = [0, 1, 2, 3, 4, 5, 6]
const events = ({ streams }: WritableHistory, id: string) => the(streams.find((stream) => stream.id === id)).events
const partOf = (history: WritableHistory, version: number, name: string) =>
  (the(events(history, "schedule-1")[version]).payload as Record<string, Record<string, unknown>>)[name] ?? {}
/** The firing that is the nth. */
const fired = (history: WritableHistory, n: number) => partOf(history, n, "firing")
const skip = (history: WritableHistory) => partOf(history, 3, "skip")

/** The one that cannot be judged at all. */
export const unreadable = "an event that nobody can read"

/** The whole of `plain` is so many milliseconds later in its log than its request came, while a clock was off. */
export const early = (history: WritableHistory, byMs: number): void => {
  const { events } = call(history, plain)
  const shift = origin + 45_000 + byMs - Number(payload(history, plain, 2)["startedAt"])
  for (const event of events) event.recordedAt += shift
  for (const [version, name] of [
    [1, "dueAt"],
    [1, "submittedAt"],
    [2, "startedAt"],
    [2, "deadlineAt"]
  ] as const) {
    const fields = payload(history, plain, version)
    fields[name] = Number(fields[name]) + shift
  }
  Object.assign(the(call(history, plain).row), { dueAt: payload(history, plain, 1)["dueAt"] })
  the(history.arrivals[plain]).at = origin + 45_000
}

/** The pause is resumed at two calls a second; so many calls that waited begin so long after that (milliseconds). */
export const releaseOf = (h: WritableHistory, count: number, afterMs: (nth: number) => number): void => {
  const resume = the(h.asked.find(({ wanted }) => wanted._tag === "resume"))
  Object.assign(resume.wanted, { perSecond: 2 })
  for (let nth = 0; nth < count; nth += 1) {
    const began = 9_200 + afterMs(nth)
    const call = stored("acme", `held-${nth}`, [submitted(8_000, 0), started(began, 1), succeeded(began + 5, 1)])
    h.stored.push(structuredClone(call) as (typeof h.stored)[number])
    const asked = structuredClone(operation(h, "submit"))
    asked.wish = wishOf(1)
    Object.assign(the(asked.wish), { hue })
    Object.assign(the(asked.answer), { callId: call.callId })
    h.operations.push({ ...asked, key: `held-${nth}` })
  }
}

type Mutation = (history: WritableHistory) => void

export const mutations: Readonly<Record<CheckerName, Readonly<Record<string, Mutation>>>> = {
  "nothing accepted is lost": {
    "a call is gone": (h) => void h.stored.splice(plain, 1),
    "its log is gone": (h) => (call(h, plain).events = []),
    "the end of its log is gone": (h) => void call(h, cancelled).events.pop(),
    "a cancelled call is not": (h) => (the(call(h, cancelled).row).status = "Succeeded"),
    "it is moved and stays": (h) =>
      void h.operations.push({
        ...operation(h, "cancel"),
        kind: "reschedule",
        answer: { ...the(operation(h, "cancel").answer), dueAt: 7 }
      }),
    "it is not found": (h) => (the(operation(h, "read").answer).status = 404),
    "a reader sees less than is known": (h) => (operation(h, "read").knownVersion = 9),
    "no list shows it": (h) => void h.listed.splice(plain, 1),
    "its page is not there": (h) => (the(h.readings[plain]).status = 404)
  },
  "no effect without a submission": {
    "a request under another key": (h) => again(h, plain, { key: "other" }),
    "a request of another tenant": (h) => again(h, plain, { tenant: "borealis" }),
    "a request for another call": (h) => again(h, plain, { callId: "00000000-0000-4000-8000-000000000000" }),
    "a request of an epoch that never started": (h) => again(h, plain, { epoch: 7 }),
    "a request that is another attempt": (h) => (the(h.arrivals[plain]).attempt = 4),
    "a request without a signature": (h) => (the(h.arrivals[plain]).signed = []),
    "a call that nobody submitted": (h) => (h.operations = h.operations.filter(({ key }) => key !== "cancelled"))
  },
  "at most one accepted result per call": {
    "the same epoch twice": (h) => void call(h, plain).events.push(the(call(h, plain).events[2])),
    "two failures of one epoch": (h) => void call(h, retried).events.splice(3, 0, the(call(h, retried).events[2])),
    "a run that ends twice": (h) => void call(h, plain).events.push(the(call(h, cancelled).events[1]))
  },
  "a result is what the target said to its epoch": {
    "another status": (h) => (payload(h, plain, 3)["status"] = 201),
    "the answer to another epoch": (h) => (payload(h, plain, 3)["response"] = { bodySnippet: `{"seen":4}` }),
    "a failure that no target answered": (h) => (payload(h, rerun, 3)["status"] = 500),
    "no request at all": (h) => void h.arrivals.splice(plain, 1)
  },
  "an epoch is sent at most once": {
    "it comes twice": (h) => again(h, plain, { at: the(h.arrivals[plain]).at + 50 }),
    "a lower one comes late and counts": (h) => {
      payload(h, retried, 3)["reason"] = "http_status"
      the(h.arrivals[1]).at = origin + 14_000
    },
    "it was handed back": (h) => {
      const event = payload(h, retried, 3)
      event["_tag"] = "ExecutionHandedBack"
    }
  },
  "no request after a cancel was answered": {
    "a second later": (h) => {
      const { callId, completedAt } = operation(h, "cancel")
      again(h, plain, { callId: callId ?? "", at: (completedAt ?? 0) + 1_000 })
    }
  },
  "no more requests than attempts": {
    "a request more than attempts": (h) => again(h, plain, { epoch: 2, attempt: 2 }),
    "a request under an epoch that was handed back": (h) =>
      again(h, plain, { callId: call(h, recalled).callId, key: "recalled", at: origin + 112 }),
    "more attempts than the client allowed": (h) => {
      operation(h, "submit", 1).wish = wishOf(1)
    }
  },
  "no call fails without a request": {
    "its process lives": (h) => void h.incidents.shift(),
    "its process was killed long before": (h) => (the(h.incidents[0]).from -= 30_000),
    "another kind of process was killed": (h) => (the(h.incidents[0]).victim = "api-1"),
    "its process was asked to stop while all others were there": (h) => {
      h.incidents.shift()
      h.exits.push({ victim: "executor-1", code: 0, at: origin + 20_200, tookMs: 4_000 })
    },
    "its process did something after that": (h) => {
      const { events } = call(h, plain)
      const at = the(events[2]).recordedAt
      for (const event of events.slice(2)) event.recordedAt = at + 60_000
    },
    "another reason": (h) => (payload(h, lost, 3)["reason"] = "deadline_exceeded"),
    "its target was asked by nobody": (h) => {
      h.arrivals = h.arrivals.filter(({ key }) => key !== "rerun")
      the(call(h, rerun).row).status = "Failed"
    }
  },
  "a cancelled call does not end as failed": {
    "it does": (h) => {
      const event = payload(h, recalled, 5)
      event["_tag"] = "ServiceCallFailed"
      event["reason"] = "cancelled"
    }
  },
  "never early, never when it is over": {
    "before it was due": (h) => (the(h.arrivals[plain]).at -= 20),
    "earlier than a clock was ahead": (h) => early(h, 15_100),
    "early while a clock was behind": (h) => {
      early(h, 14_000)
      the(h.incidents[1]).clockMs = -15_000
    },
    "early by a clock that was right again for long": (h) => {
      early(h, 14_000)
      Object.assign(the(h.incidents[1]), { from: origin - 60_000, to: origin - 50_000 })
    },
    "after its worker was taken for lost": (h) => (the(h.arrivals[1]).at = origin + 14_000),
    "after it had its result": (h) => (the(h.arrivals[plain]).at += 20_000),
    "stored as due too early": (h) => (operation(h, "submit").delayMs = 300)
  },
  "a flow keeps its bounds": {
    "more at once than its concurrency": (h) => {
      for (const ms of [0, 1, 2, 3]) again(h, plain, { epoch: 5 + ms, at: the(h.arrivals[plain]).at + ms })
    },
    "more than its rate allows": (h) => {
      for (const n of [1, 2, 3, 4, 5, 6]) {
        const at = the(h.arrivals[plain]).at + n * 50
        again(h, plain, { epoch: 5 + n, at, endedAt: at + 1 })
      }
    }
  },
  "nothing starts that a pause holds": {
    "long after it was answered": (h) => (the(h.asked[0]).completedAt = origin - 3_000),
    "a moment after it was answered by the only process": (h) => {
      h.cast = "all-in-one"
      the(h.asked[0]).completedAt = origin + 100
    },
    "long after a fault was over": (h) => {
      the(h.asked[0]).completedAt = origin - 30_000
      h.incidents.push({ kind: "nats-kill", victim: "nats", from: origin - 30_000, to: origin - 29_000, note: "" })
    }
  },
  "a release keeps its rate": {
    "all go at once": (h) => releaseOf(h, 12, () => 0),
    "twice as fast as it says": (h) => releaseOf(h, 40, (nth) => nth * 250)
  },
  "every time of a schedule is one call, or left out": {
    "a time that is forgotten": (h) => void events(h, "schedule-1").splice(1, 1),
    "a time that is two calls": (h) => {
      const firing = fired(h, 2)
      firing["occurrence"] = fired(h, 1)["occurrence"]
    },
    "a time that is no time of its rule": (h) => (fired(h, 1)["occurrence"] = { at: origin + 3_100 }),
    "a time that comes early": (h) => (the(events(h, "schedule-1")[2]).recordedAt = origin - 60_000),
    "a call that was never made": (h) => (fired(h, 1)["callId"] = "nobody"),
    "a time that is left out without a reason": (h) => (skip(h)["reason"] = "missed"),
    "a time that is left out by another policy": (h) => {
      for (const { wanted } of h.asked) if (wanted._tag === "schedule") wanted.overlap = "allow"
    },
    "a call after it was deleted": (h) =>
      void events(h, "schedule-1").splice(2, 0, {
        ...the(events(h, "schedule-1")[0]),
        payload: { _tag: "ScheduleDeleted" }
      }),
    "a request for another time": (h) =>
      again(
        h,
        h.arrivals.findIndex(({ key }) => key.startsWith("regular.")),
        { key: `regular.${origin + 9_000}` }
      ),
    "a request before its time": (h) => (the(h.arrivals.find(({ key }) => key.startsWith("regular."))).at -= 100),
    "a schedule that is gone": (h) => (h.streams = h.streams.filter(({ kind }) => kind !== "schedule"))
  },
  "a subscription hears of everything, in order": {
    "a message that never came": (h) => void h.arrivals.pop(),
    "a message that was never taken": (h) => (the(h.arrivals.at(-1)).answered = 500),
    "an unsigned message": (h) => (the(the(h.arrivals.at(-1)).hook).signature = "v1,none"),
    "a message that is not signed with the secret that was shown later": (h) => {
      const one = the(h.asked.find(({ wanted }) => wanted._tag === "subscribe"))
      const wanted = { _tag: "rotate", subscriptionId: "subscription-1" } as const
      h.asked.push({ ...one, wanted, completedAt: origin - 40_000, secret: "whsec_b3RoZXI=" })
      one.secret = null
    },
    "a message that never was": (h) => void events(h, "pause-1").pop(),
    "a message of another tenant": (h) => {
      const pause = the(h.streams.find(({ kind }) => kind === "pause"))
      pause.tenantId = the(h.tenants[1]).id
    },
    "a message that is not asked for": (h) => {
      for (const { wanted } of h.asked) if (wanted._tag === "subscribe") wanted.topics = ["ops.schedule.fired"]
    },
    "two of one aggregate in the wrong order": (h) => {
      const [created, resumed] = h.arrivals.slice(-2)
      the(resumed).at = the(created).at - 1
    },
    "a message before the one before was taken": (h) => {
      const [created] = h.arrivals.slice(-2)
      the(created).endedAt = the(created).at + 60
    },
    "a message long after it was deleted": (h) => {
      const wanted = { _tag: "unsubscribe", subscriptionId: "subscription-1" } as const
      h.asked.push({ ...the(h.asked[0]), wanted, completedAt: origin - 20_000 })
    }
  },
  "a job deals with each item once": {
    "it does not end": (h) => void events(h, "job-1").pop(),
    "it counts twice": (h) => void events(h, "job-1").splice(1, 0, the(events(h, "job-1")[1])),
    "it leaves one out": (h) => void h.jobItems.pop(),
    "it has one that was not planned": (h) => void h.jobItems.push({ ...the(h.jobItems[0]), itemId: "other" }),
    "it says so, and nothing was done": (h) => void call(h, moved).events.splice(1, 1),
    "it does it twice": (h) => void call(h, moved).events.splice(1, 0, the(call(h, moved).events[1])),
    "it fails": (h) => (the(h.jobItems[0]).outcome = "failed")
  },
  "every payload becomes its order, or fails for a reason": {
    "it is gone": (h) => void h.payloads.shift(),
    "it waits": (h) => (the(h.payloads[0]).status = "Processing"),
    "its order is gone": (h) => void h.orders.pop(),
    "it became another order": (h) => (the(h.orders[0]).from = 500),
    "an order of no payload": (h) => void h.orders.push({ ...the(h.orders[0]), id: "order-2" }),
    "two orders for one time": (h) => {
      Object.assign(the(h.payloads[1]), { status: "Completed", orderId: "order-2", code: null })
      h.orders.push({ ...the(h.orders[0]), id: "order-2" })
    },
    "it failed, and nobody else wants its time": (h) => {
      h.asked = h.asked.filter(({ id }) => id !== "payload-1")
    },
    "it failed for another reason": (h) => (the(h.payloads[2]).code = "schedule_conflict"),
    "it is another tenant's": (h) => (the(h.payloads[0]).tenantId = the(h.tenants[1]).id)
  },
  "the same key is the same call": {
    "another call": (h) => (the(operation(h, "repeat").answer).callId = "another"),
    "another call, though it waits for the end": (h) => {
      operation(h, "repeat").waits = true
      the(operation(h, "repeat").answer).callId = "another"
    },
    "another version": (h) => (the(operation(h, "repeat").answer).version = 2),
    "a refusal": (h) => (the(operation(h, "repeat").answer).status = 422)
  },
  "answers are the documented ones": {
    "a defect": (h) => (the(operation(h, "read").answer).status = 500),
    "a refused submission": (h) => (the(operation(h, "submit").answer).status = 422),
    "no answer": (h) => (operation(h, "cancel").answer = null),
    "a schedule that was refused in time": (h) => {
      for (const one of h.asked) if (one.wanted._tag === "schedule") one.status = 422
    },
    "a refused pause": (h) => (the(h.asked[0]).status = 422)
  },
  "order per aggregate": {
    "a gap": (h) => void call(h, plain).events.splice(1, 1),
    "a turn": (h) => void call(h, retried).events.reverse(),
    "a skipped step": (h) => (payload(h, plain, 2)["epoch"] = 2),
    "two events of one id": (h) => (the(call(h, plain).events[1]).eventId = the(call(h, plain).events[0]).eventId),
    [unreadable]: (h) => (payload(h, plain, 2)["_tag"] = "Nonsense")
  },
  "every end is told, in order": {
    untold: (h) => void the(h.told).splice(0, 1),
    "the second end first": (h) => void the(h.told).reverse(),
    "what never happened": (h) => (the(the(h.told)[0]).eventId = "invented"),
    "untold long before the broker lost its disk": (h) => {
      the(h.told).splice(0, 1)
      const from = the(h.told)[0]?.at ?? 0
      h.incidents.push({ kind: "nats-wipe", victim: "nats", from: from + 60_000, to: from + 61_000, note: "" })
    }
  },
  "read models equal the log": {
    "another attempt": (h) => (the(call(h, retried).row).attempt = 7),
    "no row": (h) => (call(h, plain).row = null),
    "a row that still runs": (h) => (the(call(h, plain).row).worker = "w" as never),
    "a lease that nobody has": (h) => (the(call(h, plain).row).leaseUntil = 5 as never),
    "another status in a list": (h) => (the(h.listed[plain]).status = "Failed"),
    "another version on its page": (h) => (the(h.readings[plain]).version = 1),
    "a shorter history on its page": (h) => void the(h.readings[plain]).eventIds.pop()
  },
  "tenants are apart": {
    "a foreign reading": (h) => (the(operation(h, "foreign").answer).status = 200),
    "a request to another tenant": (h) => (the(h.arrivals[plain]).tenant = "borealis"),
    "another tenant's list": (h) => (the(h.listed[plain]).tenant = "borealis"),
    "a message of another tenant": (h) => (the(the(h.told)[0]).tenantId = the(h.tenants[1]).id)
  },
  "everything accepted comes to its end": {
    "a call that lives": (h) => (the(call(h, plain).row).endedAt = null),
    "a message that waits": (h) => void h.outbox.push("e"),
    "a message that was given up": (h) => void h.deadLetters.push("e")
  },
  "every accepted event ends, once": {
    "an event that was refused": (h) => Object.assign(the(h.reports[0]), { status: 401, ingestionId: null }),
    "an event without an answer": (h) => Object.assign(the(h.reports[0]), { status: null, ingestionId: null }),
    "an event that is gone": (h) => void h.ingestions.pop(),
    "an event that was taken in twice": (h) => void h.ingestions.push({ ...the(h.ingestions[0]), id: "another" }),
    "an event that nobody sent": (h) => void h.ingestions.push({ ...the(h.ingestions[0]), id: "x", eventId: "evt-9" }),
    "an event that waits": (h) => (the(h.ingestions[0]).status = "Received"),
    "an event that failed": (h) => (the(h.ingestions[0]).status = "Failed"),
    "an event that names an order which is not there, yet was carried out": (h) => {
      for (const { event } of h.reports) event.orderId = "00000000-0000-7000-8000-0d0000000001" as never
    },
    "a shipment that stands elsewhere": (h) => (the(h.shipments[0]).status = "Delivered"),
    "a shipment since another time": (h) => ((the(h.shipments[0]).statusAt as number) += 1),
    "a shipment that is gone": (h) => void h.shipments.pop(),
    "a shipment of another tenant": (h) => (the(h.shipments[0]).tenantId = the(h.tenants[1]).id)
  },
  "every product event is stored once": {
    "one that was refused": (h) => (the(the(h.productReports[0]).results[0]).status = "refused"),
    "a report without an answer": (h) => Object.assign(the(h.productReports[0]), { status: null, results: [] }),
    "an answer that leaves one out": (h) => void the(h.productReports[1]).results.pop(),
    "one that is gone": (h) => void h.productEvents.pop(),
    "one that is there twice": (h) => void h.productEvents.push(the(h.productEvents[0])),
    "one that is new twice": (h) => (the(the(h.productReports[1]).results[0]).status = "stored"),
    "one that nobody reported": (h) => void h.productEvents.push({ ...the(h.productEvents[0]), eventId: "event-9" })
  },
  "product events stay with their tenant": {
    "one that is stored for another": (h) => (the(h.productEvents[2]).of = "acme"),
    "one that another sees": (h) => (the(h.listedProductEvents[2]).of = "acme"),
    "one that its tenant does not see": (h) => void h.listedProductEvents.pop()
  },
  "processes end in order": {
    "by a signal": (h) => (the(h.exits[0]).code = null),
    "cut off while all servers were there": (h) => {
      h.exits.push({ victim: "api-1", code: 1, at: origin + 60_000, tookMs: 20_000 })
    },
    "by itself": (h) => void h.incidents.push({ kind: "collapse", victim: "api-1", from: 1, to: 1, note: "" })
  },
  "dueline verify agrees": { "it does not": (h) => (h.verify.code = 1) }
}
