/** What became of attempts, held against what targets said and who was well: nothing is mixed up, hurried or taken away. */
import type { ServiceCallId } from "@dueline/contracts/Ids"
import type { CallModel } from "./CallModel.ts"
import type { World } from "../world/World.ts"

/** What left, against what was said not to have left: nothing that is handed back was or will be sent under its epoch. */
export class Sendings {
  readonly #world: World
  readonly #left = new Set<string>()
  readonly #handedBack = new Set<string>()
  /** By call: the world's time at which it was last given a time to wait for. */
  readonly #waitsSince = new Map<string, number>()

  constructor(world: World) {
    this.#world = world
  }

  waits(callId: string): void {
    this.#waitsSince.set(callId, this.#world.time.now)
  }

  /** Epoch milliseconds. */
  waitsSince(callId: string): number {
    return this.#waitsSince.get(callId) ?? 0
  }

  left(callId: string, epoch: number): void {
    this.#left.add(`${callId} epoch ${epoch}`)
    this.#compare(`${callId} epoch ${epoch}`)
  }

  handedBack(callId: string, epoch: number): void {
    this.#handedBack.add(`${callId} epoch ${epoch}`)
    this.#compare(`${callId} epoch ${epoch}`)
  }

  #compare(name: string): void {
    if (this.#left.has(name) && this.#handedBack.has(name))
      this.#world.violate("what is handed back was never sent", name)
  }
}

/** Of the events' payloads, what this check looks at. */
export interface Facts {
  readonly _tag: string
  readonly dueAt: number
  readonly epoch: number
  readonly reason: string
  /** Beside the reason of a hand-back, when it is a newer one. */
  readonly cause: string
  readonly response: { readonly bodySnippet: string | null } | null
}

/** Events after which the call waits for a time. */
const waiting = new Set([
  "ServiceCallSubmitted",
  "ServiceCallRescheduled",
  "RetryScheduled",
  "ExecutionHandedBack",
  "ServiceCallRerun"
])

export class ResultCheck {
  readonly #world: World
  readonly #sendings: Sendings
  readonly #quietUntil = new Map<string, number>()

  constructor(world: World, sendings: Sendings) {
    this.#world = world
    this.#sendings = sendings
  }

  judge(
    model: CallModel,
    callId: ServiceCallId,
    { _tag, dueAt = 0, epoch = 0, reason, response }: Partial<Facts>
  ): void {
    const seen = /seen (\d+)/u.exec(response?.bodySnippet ?? "")?.[1]
    if (seen !== undefined && seen !== String(epoch)) {
      this.#world.violate(
        "a result belongs to its epoch",
        `${callId} took the answer to epoch ${seen} as that to ${epoch}`
      )
    }
    // Nobody can honour what never reached the log.
    if (_tag === "ExecutionFailed" && reason !== "http_status") this.#quietUntil.delete(`${callId}/${epoch}`)
    const quietUntil = this.#quietUntil.get(`${callId}/${model.epoch}`) ?? 0
    if (_tag === "RetryScheduled" && dueAt < quietUntil - this.#world.clockSpan) {
      this.#world.violate("Retry-After is honoured", `${callId} is tried again ${quietUntil - dueAt} ms early`)
    }
    if (waiting.has(_tag ?? "")) this.#sendings.waits(callId)
    if (_tag === "ExecutionHandedBack") this.#sendings.handedBack(callId, epoch)
    const holder = model.started.get(epoch)?.worker ?? ""
    if (_tag === "ExecutionFailed" && reason === "worker_lost" && this.#world.neverFailed(holder)) {
      this.#world.violate("a worker that is well keeps its calls", `${callId} epoch ${epoch} was taken from ${holder}`)
    }
  }

  /** A target answered this epoch and asked to be left alone until then (epoch ms). */
  asksToWait(callId: string, epoch: number, until: number): void {
    this.#quietUntil.set(`${callId}/${epoch}`, until)
  }
}
