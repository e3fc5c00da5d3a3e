/**
 * What a call must be after its events, worked out a second time: written from the requirements and not from the aggregate, so that
 * a mistake in one shows in the other. `apply` answers what is wrong with an event where it stands, or null.
 */
import type { RecordedEvent } from "@dueline/contracts/Envelope"
import { ServiceCallEvent } from "@dueline/contracts/serviceCall/Event"
import type { ServiceCallStatus } from "@dueline/contracts/serviceCall/Command"
import { deadlineGraceMs, handBackPauseMs, leadMs, type Spec } from "@dueline/contracts/serviceCall/Spec"
import { Schema } from "effect"

// When an attempt may begin, be given back, or be followed by another: what is wrong with the event, or null. `skewMs`: how far the clocks
// may be apart by which the times in a log were told.

interface StartedAttempt {
  readonly epoch: number
  readonly attempt: number
  readonly worker: string
  /** Nothing is to be sent before. */
  readonly dueAt: number
  readonly startedAt: number
  readonly deadlineAt: number
}

/** The call as it stands before the event. */
interface Standing {
  readonly wakeAt: number
  readonly attempt: number
  readonly epoch: number
  readonly cancelRequested: boolean
  readonly maxAttempts: number
  readonly timeoutMs: number
  readonly results: ReadonlyMap<number, unknown>
}

type Of<Tag extends ServiceCallEvent["_tag"]> = Extract<ServiceCallEvent, { readonly _tag: Tag }>

const wrongStart = (
  call: Standing,
  event: Of<"ExecutionStarted">,
  recordedAt: number,
  skewMs: number
): string | null => {
  const { attempt, deadlineAt, epoch, startedAt } = event
  if (startedAt < call.wakeAt - leadMs) return `${call.wakeAt - startedAt} ms early`
  if (Math.abs(startedAt - recordedAt) > skewMs) return `${startedAt - recordedAt} ms away from when it was recorded`
  if (epoch !== call.epoch + 1) return `epoch ${epoch} follows ${call.epoch}`
  if (attempt !== call.attempt + 1 || attempt > call.maxAttempts)
    return `attempt ${attempt} follows ${call.attempt} of ${call.maxAttempts}`
  return deadlineAt === startedAt + call.timeoutMs + deadlineGraceMs
    ? null
    : `deadline ${deadlineAt - startedAt} ms after the start`
}

const wrongRetry = (
  call: Standing,
  { attempt, dueAt }: Of<"RetryScheduled">,
  recordedAt: number,
  skewMs: number
): string | null => {
  if (attempt !== call.attempt + 1) return `attempt ${attempt} follows ${call.attempt}`
  if (call.attempt >= call.maxAttempts) return `attempt ${attempt} of ${call.maxAttempts}`
  if (call.cancelRequested) return "although it was to be cancelled"
  if (!call.results.has(call.epoch)) return "without a result"
  return dueAt < recordedAt - skewMs ? "due in the past" : null
}

const wrongHandBack = (
  call: Standing,
  { cause, epoch, reason, retryAt }: Of<"ExecutionHandedBack">,
  recordedAt: number,
  skewMs: number
): string | null => {
  if (epoch !== call.epoch) return `epoch ${epoch} is not the current ${call.epoch}`
  if (call.results.has(epoch)) return `epoch ${epoch} has a result`
  if (retryAt < call.wakeAt) return "due before its time"
  const pause = reason === "draining" && cause === undefined ? 0 : handBackPauseMs
  return retryAt < recordedAt - skewMs + pause ? "due too soon" : null
}

/** An end that is to be told, as it was. */
export interface WantedCallback {
  /** Of the scheduling that ended. */
  readonly revision: number
  readonly version: number
  /** Whom it is told. */
  readonly url: string
  readonly status: ServiceCallStatus | null
  readonly attempt: number
  readonly endedAt: number
  readonly correlationId: string
}

const decode = Schema.decodeUnknownSync(ServiceCallEvent)
type Event = ServiceCallEvent

export class CallModel {
  status: ServiceCallStatus | null = null
  version = 0
  dueAt = 0
  notBefore: number | null = null
  revision = 0
  attempt = 0
  epoch = 0
  cancelRequested = false
  maxAttempts = 0
  timeoutMs = 0
  correlationId = ""
  readonly started = new Map<number, StartedAttempt>()
  /** Epochs with a result that counts, `lost` when only the watchdog gave it up. */
  readonly results = new Map<number, "succeeded" | "failed" | "lost">()
  /** Epochs under which nothing was sent. */
  readonly handedBack = new Set<number>()
  /** As it was submitted, or by what took its place since. */
  spec: Spec | null = null
  submittedAt = 0
  /** By the event that says that an end is to be told: what that end was. */
  readonly wanted = new Map<string, WantedCallback>()
  readonly #settled = new Set<number>()
  /** It has just ended, and that is to be told. */
  #owed = false
  readonly #superseded = new Set<number>()
  /** It was to be cancelled, and its attempt is over: nothing but that may follow. */
  #ending = false
  /** It failed because it had had all its attempts. */
  #exhausted = false
  /** Epochs of earlier runs count no more. */
  #runFrom = 0
  /** Event ids that the outside must be told of, in order. */
  readonly endings: Array<string> = []

  /** Ends that are to be told and are not yet. */
  get untold(): number {
    return this.wanted.size - this.#settled.size
  }

  /** No worker had it, and it has not ended. */
  get isPending(): boolean {
    return this.status === "Scheduled" && this.epoch === 0
  }

  /** Nothing is to be sent before. */
  get wakeAt(): number {
    return this.notBefore ?? this.dueAt
  }

  /** How far the clocks may be apart that told the times in the log, in milliseconds. */
  readonly #skewMs: () => number

  constructor(skewMs: () => number = () => 0) {
    this.#skewMs = skewMs
  }

  apply(recorded: RecordedEvent): string | null {
    if (recorded.version !== this.version + 1) return `version ${recorded.version} follows ${this.version}`
    this.version = recorded.version
    const event = decode(recorded.payload)
    if ((event._tag === "ServiceCallSubmitted") !== (this.version === 1))
      return `${event._tag} is event ${this.version}`
    const wrong = this.#outOfTurn(event) ?? this.#change(event, recorded)
    this.#owed = this.#isToldOf(event)
    if (this.#ends(event) || event._tag === "CallbackWanted") this.endings.push(recorded.eventId)
    return wrong === null ? null : `event ${this.version} ${event._tag}: ${wrong}`
  }

  #outOfTurn({ _tag }: Event): string | null {
    if (this.#ending && _tag !== "ServiceCallCancelled") return "it was to be cancelled"
    if (this.#owed === (_tag === "CallbackWanted")) return null
    return this.#owed ? "its end was to be told" : "nobody asked to be told"
  }

  #isToldOf(event: Event): boolean {
    const on = this.spec?.onEnd?.on
    return on === "ended" ? this.#ends(event) : on === "failed" && event._tag === "ServiceCallFailed"
  }

  #ends({ _tag }: Event): boolean {
    return _tag === "ExecutionSucceeded" || _tag === "ServiceCallFailed" || _tag === "ServiceCallCancelled"
  }

  #change(event: Event, recorded: RecordedEvent): string | null {
    const { recordedAt } = recorded
    switch (event._tag) {
      case "ServiceCallSubmitted":
        this.#take(event.spec)
        this.submittedAt = event.submittedAt
        this.correlationId = event.origin.correlationId
        return this.#schedule(null, event.dueAt)
      case "ServiceCallRescheduled":
        return this.#schedule("Scheduled", event.dueAt)
      case "RetryScheduled":
        return wrongRetry(this, event, recordedAt, this.#skewMs()) ?? this.#wait("Running", event.dueAt)
      case "ServiceCallRerun":
        this.attempt = 0
        this.#runFrom = this.epoch
        return this.#schedule("Failed", event.dueAt)
      case "ServiceCallCancelled": {
        const failed = this.#ending && this.results.has(this.epoch)
        this.#ending = false
        return this.#move(failed ? "Running" : "Scheduled", "Cancelled")
      }
      case "CancellationRequested":
        this.cancelRequested = true
        return event.epoch === this.epoch
          ? this.#move("Running", "Running")
          : `epoch ${event.epoch} is not ${this.epoch}`
      case "ExecutionStarted":
        return this.#start(event, recordedAt)
      case "ExecutionHandedBack":
        return this.#handBack(event, recordedAt)
      case "ExecutionSucceeded":
        return this.#result(event, "succeeded") ?? this.#move("Running", "Succeeded")
      case "ExecutionFailed":
        this.#ending = this.cancelRequested
        return this.#result(event, event.reason === "worker_lost" ? "lost" : "failed")
      case "ServiceCallReplaced":
        return this.#replace(event)
      case "CallbackWanted":
        return this.#want(event, recorded)
      case "CallbackSettled":
        return this.#settle(event)
      case "ServiceCallFailed":
        if (this.cancelRequested) return "although it was to be cancelled"
        this.#exhausted = event.reason === "attempts_exhausted"
        if (this.#exhausted && this.attempt !== this.maxAttempts) return `after ${this.attempt} of ${this.maxAttempts}`
        return this.results.has(this.epoch) ? this.#move("Running", "Failed") : "without a result"
      case "ExecutionSuperseded":
        if (!this.started.has(event.epoch)) return `epoch ${event.epoch} never started`
        if (this.#superseded.has(event.epoch)) return `epoch ${event.epoch} twice`
        if (this.handedBack.has(event.epoch)) return `epoch ${event.epoch} was handed back unsent`
        this.#superseded.add(event.epoch)
        return event.currentEpoch === this.epoch ? null : `epoch ${event.currentEpoch} is not the current ${this.epoch}`
    }
  }

  #take(spec: Spec): void {
    this.spec = spec
    this.maxAttempts = spec.retry.maxAttempts
    this.timeoutMs = spec.timeoutMs
  }

  #replace({ dueAt, spec }: Of<"ServiceCallReplaced">): string | null {
    const key = this.spec?.pending?.key
    if (key === undefined || spec.pending?.key !== key) return "by one of another key"
    if (!this.isPending) return "although it had begun"
    this.#take(spec)
    return this.#schedule("Scheduled", dueAt)
  }

  #want({ revision }: Of<"CallbackWanted">, { eventId, recordedAt, version }: RecordedEvent): string | null {
    const { attempt, correlationId, spec, status } = this
    const before = Math.max(0, ...[...this.wanted.values()].map((other) => other.revision))
    const url = spec?.onEnd?.url ?? ""
    this.wanted.set(eventId, { revision, version, url, status, attempt, endedAt: recordedAt, correlationId })
    // What is handed back and then ends is told under the scheduling that was handed back: each end has one, and no two the same.
    return revision > before && revision <= this.revision ? null : `of scheduling ${revision} after ${before}`
  }

  #settle({ callbackId, reason, revision }: Of<"CallbackSettled">): string | null {
    if (this.#settled.has(revision)) return "twice"
    this.#settled.add(revision)
    if (![...this.wanted.values()].some((other) => other.revision === revision)) return "of no end"
    return callbackId === null ? `it will not be told: ${reason ?? ""}` : null
  }

  #move(from: ServiceCallStatus | null, to: ServiceCallStatus): string | null {
    const was = this.status
    this.status = to
    return was === from ? null : `from ${was} to ${to}`
  }

  #schedule(from: ServiceCallStatus | null, dueAt: number): string | null {
    this.dueAt = dueAt
    this.notBefore = null
    this.revision += 1
    this.cancelRequested = false
    return this.#move(from, "Scheduled")
  }

  #wait(from: ServiceCallStatus | null, until: number): string | null {
    const { dueAt } = this
    const wrong = this.#schedule(from, dueAt)
    this.notBefore = until > dueAt ? until : null
    return wrong
  }

  #start(event: Of<"ExecutionStarted">, recordedAt: number): string | null {
    const { attempt, deadlineAt, epoch, startedAt, worker } = event
    const wrong = wrongStart(this, event, recordedAt, this.#skewMs())
    this.epoch = epoch
    this.attempt = attempt
    this.cancelRequested = false
    this.started.set(epoch, { epoch, attempt, worker, dueAt: this.wakeAt, startedAt, deadlineAt })
    return wrong ?? this.#move("Scheduled", "Running")
  }

  #handBack(event: Of<"ExecutionHandedBack">, recordedAt: number): string | null {
    if (event.afterLoss === true) return this.#notLost(event)
    const wrong = wrongHandBack(this, event, recordedAt, this.#skewMs())
    this.#ending = this.cancelRequested
    this.handedBack.add(event.epoch)
    this.attempt -= 1
    return wrong ?? this.#wait("Running", event.retryAt)
  }

  /** Its worker came back and says that nothing left: an attempt that was counted was none. */
  #notLost({ epoch, retryAt }: Of<"ExecutionHandedBack">): string | null {
    if (this.results.get(epoch) !== "lost") return `epoch ${epoch} was not lost`
    if (epoch <= this.#runFrom) return `epoch ${epoch} is of an earlier run`
    this.results.delete(epoch)
    this.handedBack.add(epoch)
    this.attempt -= 1
    if (this.status === "Scheduled" || this.status === "Running") return null
    return this.#exhausted ? this.#wait("Failed", retryAt) : `while ${this.status}`
  }

  #result(
    { attempt, epoch }: { readonly attempt: number; readonly epoch: number },
    outcome: "succeeded" | "failed" | "lost"
  ) {
    const known = this.results.get(epoch)
    this.results.set(epoch, outcome)
    if (this.status !== "Running") return `while ${this.status}`
    if (epoch !== this.epoch || attempt !== this.attempt) return `epoch ${epoch} is not the current ${this.epoch}`
    return known === undefined ? null : `epoch ${epoch} already ended as ${known}`
  }
}

/** The call of that id, if there is one. */
export type CallOf = (tenantId: string, callId: string) => CallModel | undefined
