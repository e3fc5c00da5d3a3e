/**
 * What must happen because of a committed fact, right away and in this process if it can. An intent may be lost with the process:
 * the tables say the same, and the sweep and the watchdog read them.
 */
import { Context, Layer } from "effect"
import type { CorrelationId, ServiceCallId, TenantId, WorkerId } from "./Ids.ts"
import type { PauseInForce } from "./ports/Directories.ts"
import type { Alarm } from "./ports/Timer.ts"
import type { RequestSummary } from "./serviceCall/Spec.ts"

/** One attempt to be made, with all that the executor needs: no query stands between the commit and the wire. */
export interface ExecutionRequested {
  readonly _tag: "ExecutionRequested"
  readonly tenantId: TenantId
  readonly callId: ServiceCallId
  /** Who is to make it. */
  readonly worker: WorkerId
  readonly epoch: number
  readonly attempt: number
  /** Nothing is sent before this (epoch ms). */
  readonly dueAt: number
  /** When the writer decided that the worker is to make it: its lease counts from then. */
  readonly handedOverAt: number
  /** For programs of before 0.2. */
  readonly deadlineAt: number
  readonly timeoutMs: number
  readonly retryStatuses: ReadonlyArray<number>
  readonly request: RequestSummary
  readonly sealed: string | null
  readonly correlationId: CorrelationId
  readonly traceparent: string | null
  /** It was submitted so long ago that the trace of that is over: the attempt has one of its own, linked to it. */
  readonly detached?: true
}

export interface AlarmWanted extends Alarm {
  readonly _tag: "AlarmWanted"
}

/** There are new outbox rows: wake the dispatcher. */
export interface OutboxFilled {
  readonly _tag: "OutboxFilled"
}

/** An attempt is over, one way or another: whoever counts what is under way counts one less. */
export interface AttemptEnded {
  readonly _tag: "AttemptEnded"
  readonly tenantId: TenantId
  readonly callId: ServiceCallId
  readonly epoch: number
  /** As `targetOf` gives it. */
  readonly target: string
  /** The key of its flow; left out when it belongs to none. */
  readonly flow?: string
  /** Whether the target gave an answer of any kind. False also when nothing was sent. */
  readonly answered: boolean
  /** The target's circuit is open: nothing need be tried before this (epoch ms). Null when it is not known to be. */
  readonly pausedUntil: number | null
}

/** A pause as its commit left it: whoever starts calls in this process keeps to it from this commit on. */
export interface PauseCommitted extends PauseInForce {
  readonly _tag: "PauseCommitted"
  /** It holds nothing any more, and releases at no rate. */
  readonly isOver: boolean
}

export type Intent = ExecutionRequested | AlarmWanted | AttemptEnded | OutboxFilled | PauseCommitted

/** Hands committed intents to whoever acts on them in this process. Losing one is harmless: the tables say the same. */
export type IntentListener = (intents: ReadonlyArray<Intent>) => void

export class Intents extends Context.Service<
  Intents,
  {
    readonly publish: IntentListener
    /** Listeners are called synchronously after the commit, in the order they were added; they must not throw nor block. */
    readonly subscribe: (listener: IntentListener) => void
  }
>()("@dueline/contracts/Intents") {
  static readonly layer = Layer.sync(Intents, () => {
    const listeners: Array<IntentListener> = []
    return Intents.of({
      publish: (intents) => {
        for (const listener of listeners) listener(intents)
      },
      subscribe: (listener) => {
        listeners.push(listener)
      }
    })
  })
}
