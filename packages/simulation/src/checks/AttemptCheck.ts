/**
 * An attempt is a request: one that is counted has left, or its target's side has refused it before anything could leave; and a request that
 * has left has its whole time. Judged by what this world saw at the wire, and by elapsed time.
 */
import type { CallModel } from "./CallModel.ts"
import type { World } from "../world/World.ts"

/** Of the events' payloads, what this check looks at. */
interface Facts {
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

  judge(model: CallModel, callId: string, { _tag, epoch = 0, reason = "" }: Partial<Facts>): void {
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
