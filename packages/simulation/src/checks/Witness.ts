/** Stands at the wire and at the targets and judges every request it sees by what the log says at that moment. */
import type { OutgoingRequest } from "@dueline/contracts/ports/HttpClient"
import type { LogCheck } from "./LogCheck.ts"
import type { World } from "../world/World.ts"

export interface Sighting {
  readonly callId: string
  readonly epoch: number
  readonly attempt: number
  readonly worker: string
  readonly at: number
}

export class Witness {
  readonly #world: World
  readonly #log: LogCheck
  readonly left: Array<Sighting> = []
  readonly acted: Array<Sighting> = []
  readonly #lastEpoch = new Map<string, number>()
  /** Calls whose cancellation was answered: nothing may leave any more. */
  readonly #silenced = new Map<string, number>()

  constructor(world: World, log: LogCheck) {
    this.#world = world
    this.#log = log
  }

  /** A client was told that no request will ever leave. */
  silenced(callId: string): void {
    this.#silenced.set(callId, this.#world.time.now)
  }

  leaves(worker: string, request: OutgoingRequest): void {
    const seen = this.#read(worker, request)
    this.#world.note(worker, `sends ${seen.callId.slice(0, 8)} epoch ${seen.epoch}`)
    this.left.push(seen)
    const { callId, epoch } = seen
    const since = this.#silenced.get(callId)
    if (since !== undefined) {
      this.#world.violate(
        "no request after a cancel was answered",
        `${callId} left ${seen.at - since} ms later, epoch ${epoch}`
      )
    }
    this.#judge(seen, request)
    this.#log.sendings.left(callId, epoch)
    const tenantId = request.url.split("/").at(-1) ?? ""
    this.#log.subscriptions.left(tenantId, callId)
    this.#log.callbacks.left(tenantId, callId, request)
    this.#log.pending.left(tenantId, callId, request.url)
    this.#log.attempts.left(callId, epoch, this.#log.find(tenantId, callId)?.model.maxAttempts ?? 0)
    const before = this.#lastEpoch.get(callId) ?? 0
    if (epoch <= before) this.#world.violate("epochs strictly grow", `${callId} epoch ${epoch} leaves after ${before}`)
    this.#lastEpoch.set(callId, Math.max(before, epoch))
  }

  /** The target's side said no, and nothing left. */
  refuses(request: OutgoingRequest): void {
    const { callId, epoch } = this.#read("", request)
    this.#log.attempts.refused(callId, epoch)
  }

  /** Its worker never heard of it. */
  unheard(callId: string, epoch: number): void {
    this.#log.attempts.unheard(callId, epoch)
  }

  acts(worker: string, request: OutgoingRequest): void {
    const seen = this.#read(worker, request)
    this.acted.push(seen)
    this.#log.callbacks.heard(seen.callId)
  }

  /** The target's answer asks for some time; it counts from when the answer was there. */
  asksToWait(request: OutgoingRequest, seconds: number): void {
    const { at, callId, epoch } = this.#read("", request)
    this.#log.results.asksToWait(callId, epoch, at + seconds * 1_000)
  }

  #read(worker: string, { headers }: OutgoingRequest): Sighting {
    return {
      callId: headers["dueline-call-id"] ?? "none",
      epoch: Number(headers["dueline-epoch"]),
      attempt: Number(headers["dueline-attempt"]),
      worker,
      at: this.#world.time.now
    }
  }

  #judge({ at, attempt, callId, epoch, worker }: Sighting, request: OutgoingRequest): void {
    const tenantId = request.url.split("/").at(-1) ?? ""
    const model = this.#log.find(tenantId, callId)?.model
    const started = model?.started.get(epoch)
    if (model === undefined)
      return this.#world.violate("no effect without a submission", `${callId} is not in the log of ${tenantId}`)
    if (started === undefined)
      return this.#world.violate("no effect without a submission", `${callId} epoch ${epoch} was never started`)
    // A clock that was ahead when the call was taken for due, or is by now, may be believed; nothing more.
    const aheadMs = this.#world.aheadSince(worker, this.#log.sendings.waitsSince(callId))
    if (at + aheadMs < started.dueAt)
      this.#world.violate("never early", `${callId} epoch ${epoch} left ${started.dueAt - at} ms early`)
    if (attempt !== started.attempt || worker !== started.worker) {
      this.#world.violate(
        "an attempt is made by the worker that started it",
        `${callId} epoch ${epoch}: ${worker}, attempt ${attempt}`
      )
    }
    if (attempt > model.maxAttempts)
      this.#world.violate("attempts are bounded", `${callId} attempt ${attempt} of ${model.maxAttempts}`)
  }
}
