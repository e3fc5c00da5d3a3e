/**
 * * An attempt is a request: one that is counted has left, or its target's side has refused it before anything could leave; and a request that has
 * left has its whole time. Judged by what this world saw at the wire, and by elapsed time. What became of attempts, held against what targets said
 * and who was well: nothing is mixed up, hurried or taken away.
 */
import type { ServiceCallId } from "@dueline/contracts/Ids"
import type { World } from "../world/World.ts"
import type { CallModel } from "./CallModel.ts"

/** Of the events' payloads, what this check looks at. */
interface AttemptFacts {
  readonly _tag: string
  readonly epoch: number
  readonly reason: string
}

/** A counted attempt of which nothing left, given up by the watchdog. */
interface Lost {
  readonly callId: string
  readonly epoch: number
  readonly worker: string
}

/** Events that end an attempt. */
const ending = new Set(["ExecutionSucceeded", "ExecutionFailed", "ExecutionHandedBack"])

const nameOf = (callId: string, epoch: number): string => `${callId} epoch ${epoch}`

export class AttemptCheck {
  readonly #world: World
  /** By call and epoch: when its request left, in the world's time. */
  readonly #leftAt = new Map<string, number>()
  readonly #refused = new Set<string>()
  readonly #lost = new Map<string, Lost>()
  /** By call and epoch: when it was over by the log, in the world's time. */
  readonly #overAt = new Map<string, number>()
  /** By call: requests that left in this run. */
  readonly #requests = new Map<string, number>()
  /** Attempts of which their worker never heard, though it lives. */
  readonly #unheard = new Set<string>()

  constructor(world: World) {
    this.#world = world
  }

  left(callId: string, epoch: number, maxAttempts: number): void {
    const requests = (this.#requests.get(callId) ?? 0) + 1
    this.#requests.set(callId, requests)
    this.#leftAt.set(nameOf(callId, epoch), this.#world.time.now)
    const overAt = this.#overAt.get(nameOf(callId, epoch))
    if (overAt !== undefined) {
      const late = this.#world.time.now - overAt
      this.#world.violate(
        "nothing leaves under an epoch that is over",
        `${nameOf(callId, epoch)}, ${late} ms after its end`
      )
    }
    if (requests > maxAttempts)
      this.#world.violate("no more requests than attempts", `${callId} sends ${requests} requests of ${maxAttempts}`)
  }

  /** The target's side said no before a byte could leave. */
  refused(callId: string, epoch: number): void {
    this.#refused.add(nameOf(callId, epoch))
  }

  /** Word of this attempt was lost on its way to its worker. */
  unheard(callId: string, epoch: number): void {
    this.#unheard.add(nameOf(callId, epoch))
  }

  judge(model: CallModel, callId: string, { _tag, epoch = 0, reason = "" }: Partial<AttemptFacts>): void {
    const name = nameOf(callId, epoch)
    if (ending.has(_tag ?? "")) this.#overAt.set(name, this.#world.time.now)
    if (_tag === "ServiceCallRerun") this.#requests.delete(callId)
    if (_tag === "ExecutionHandedBack") this.#lost.delete(name)
    if (_tag !== "ExecutionFailed") return
    const leftAt = this.#leftAt.get(name)
    if (leftAt === undefined && !this.#refused.has(name)) {
      const worker = model.started.get(epoch)?.worker ?? ""
      if (reason === "worker_lost") this.#lost.set(name, { callId, epoch, worker })
      else this.#world.violate("an attempt is a request", `${name} failed by ${reason}, and nothing had left`)
    }
    const hadMs = this.#world.time.now - (leftAt ?? 0)
    if (leftAt !== undefined && hadMs < model.timeoutMs && (reason === "timeout" || reason === "deadline_exceeded"))
      this.#world.violate(
        "a request has its whole time",
        `${name} failed by ${reason} after ${hadMs} of ${model.timeoutMs} ms`
      )
  }

  /** At rest: whoever lives has said that nothing left. Only what died with its process is counted without a request. */
  finish(): void {
    for (const [name, { worker }] of this.#lost) {
      if (this.#leftAt.has(name) || this.#unheard.has(name) || !this.#world.isAlive(worker)) continue
      this.#world.violate("an attempt is a request", `${name} counts as lost, nothing had left, and ${worker} lives`)
    }
  }
}

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
