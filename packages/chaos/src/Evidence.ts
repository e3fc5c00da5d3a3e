/** A history with its indices: what belongs to one call, side by side. */
import type { ServiceCallEvent } from "@dueline/contracts/serviceCall/Event"
import { isAbout } from "./Asked.ts"
import type { Arrival, History, Operation, StoredCall, StoredStream, Told } from "./History.ts"

type Of<Tag extends ServiceCallEvent["_tag"]> = Extract<ServiceCallEvent, { readonly _tag: Tag }>

export interface Started extends Of<"ExecutionStarted"> {
  /** When the call was due at that moment. */
  readonly callDueAt: number
}

/** What a call's log says about its attempts. */
export interface Attempts {
  readonly started: ReadonlyMap<number, Started>
  /** Results that count, in their order. */
  readonly results: ReadonlyArray<Of<"ExecutionSucceeded"> | Of<"ExecutionFailed">>
  readonly handedBack: ReadonlySet<number>
  /** By epoch: when it had a result or was handed back, whichever came first. */
  readonly overAt: ReadonlyMap<number, number>
}

const grouped = <A>(items: ReadonlyArray<A>, keyOf: (item: A) => string): ReadonlyMap<string, ReadonlyArray<A>> =>
  Map.groupBy(items, keyOf)

export const eventOf = (event: { readonly payload: unknown }): ServiceCallEvent => event.payload as ServiceCallEvent

type End = Of<"ExecutionSucceeded"> | Of<"ExecutionFailed"> | Of<"ExecutionHandedBack">

const isEnd = (event: ServiceCallEvent): event is End =>
  event._tag === "ExecutionSucceeded" || event._tag === "ExecutionFailed" || event._tag === "ExecutionHandedBack"

const attemptsOf = ({ events }: StoredCall): Attempts => {
  const started = new Map<number, Started>()
  const results: Array<Attempts["results"][number]> = []
  const handedBack = new Set<number>()
  const overAt = new Map<number, number>()
  let callDueAt = 0
  let failed = false
  for (const recorded of events) {
    const event = eventOf(recorded)
    if (isEnd(event) && !overAt.has(event.epoch)) overAt.set(event.epoch, recorded.recordedAt)
    if (event._tag === "ServiceCallFailed") failed = true
    else if (event._tag === "ExecutionStarted") failed = false
    if ("dueAt" in event) callDueAt = event.dueAt
    if (event._tag === "ExecutionStarted") started.set(event.epoch, { ...event, callDueAt })
    if (event._tag === "ExecutionSucceeded" || event._tag === "ExecutionFailed") results.push(event)
    if (event._tag === "ExecutionHandedBack") {
      handedBack.add(event.epoch)
      // An attempt that was none after all moves nothing but a call that had failed for it.
      if (event.afterLoss !== true || failed) callDueAt = event.retryAt
    }
  }
  return { started, results, handedBack, overAt }
}

const firedBy = (payload: unknown): ReadonlyArray<string> => {
  const { firing } = payload as { readonly firing?: { readonly callId: string } }
  return firing === undefined ? [] : [firing.callId]
}

export class Evidence {
  readonly history: History
  /** By call id. */
  readonly calls: ReadonlyMap<string, StoredCall>
  readonly arrivals: ReadonlyMap<string, ReadonlyArray<Arrival>>
  readonly told: ReadonlyMap<string, ReadonlyArray<Told>>
  /** Submissions and their repeats, by tenant's name and key. */
  readonly submissions: ReadonlyMap<string, ReadonlyArray<Operation>>
  /** By id: schedules, pauses, subscriptions and bulk jobs. */
  readonly streams: ReadonlyMap<string, StoredStream>
  /** Calls that schedules and subscriptions made, by what these say: their own checkers judge them. */
  readonly madeByProgram: ReadonlySet<string>
  /** Calls that somebody submitted for a job, by tenant's name and key. */
  readonly submittedForJobs: ReadonlySet<string>
  /** Tenants' ids by their names. */
  readonly tenantIds: ReadonlyMap<string, string>
  readonly #attempts = new Map<StoredCall, Attempts>()

  constructor(history: History) {
    this.history = history
    this.calls = new Map(history.stored.map((call) => [call.callId, call]))
    this.arrivals = grouped(
      history.arrivals.toSorted((a, b) => a.at - b.at),
      ({ callId }) => callId
    )
    this.told = grouped(history.told ?? [], ({ callId }) => callId)
    const submitting = history.operations.filter(({ kind }) => kind === "submit" || kind === "repeat")
    this.submissions = grouped(submitting, ({ key, tenant }) => `${tenant}/${key}`)
    this.streams = new Map(history.streams.map((stream) => [stream.id, stream]))
    this.madeByProgram = new Set([
      ...history.deliveries.map(({ callId }) => callId),
      ...history.streams.flatMap(({ events }) => events.flatMap(({ payload }) => firedBy(payload)))
    ])
    this.submittedForJobs = new Set(
      history.asked.flatMap((asked) =>
        isAbout(asked, "submit-many") ? asked.wanted.keys.map((key) => `${asked.tenant}/${key}`) : []
      )
    )
    this.tenantIds = new Map(history.tenants.map(({ id, name }) => [name, id]))
  }

  attempts(call: StoredCall): Attempts {
    const known = this.#attempts.get(call) ?? attemptsOf(call)
    this.#attempts.set(call, known)
    return known
  }
}

/** What a checker has to say. `callId` is null when it is about no call in particular. */
export interface Found {
  readonly callId: string | null
  readonly detail: string
}

export type Check = (evidence: Evidence) => ReadonlyArray<Found>

export const accepted = ({ answer }: Operation): boolean =>
  answer !== null && answer.status >= 200 && answer.status < 300
