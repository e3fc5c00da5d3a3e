/** Where payloads lie: a host that is slow, hangs, dies and comes back, and says of some payloads always the same wrong thing. */
import type { OutgoingResult, StartRequest } from "@dueline/contracts/ports/HttpClient"
import { survives, type Victim } from "../checks/Reach.ts"
import type { World } from "../world/World.ts"
import { changedBytes, type Payload } from "./Payload.ts"

type Untimed<T> = T extends unknown ? Omit<T, "durationMs"> : never
type Result = Untimed<OutgoingResult>

const answered = (status: number, body: Uint8Array = new Uint8Array()): Result => ({
  _tag: "Answered",
  status,
  headers: {},
  body,
  truncated: false
})
const unanswered = (reason: "dns" | "connect" | "connection_lost" | "timeout"): Result => ({
  _tag: "Unanswered",
  reason,
  detail: `simulated ${reason}`
})

export class PayloadHost {
  readonly #world: World
  readonly #payloads = new Map<string, Payload>()
  /** By address: how often it was asked for and not to be had at that moment. */
  readonly #troubles = new Map<string, number>()

  constructor(world: World) {
    this.#world = world
  }

  keep(payload: Payload): void {
    this.#payloads.set(payload.uri, payload)
  }

  serves(url: string): boolean {
    return this.#payloads.has(url)
  }

  troubles({ uri }: Payload): number {
    return this.#troubles.get(uri) ?? 0
  }

  /** The way there from one process. */
  start(victim: Victim, isAway: (machine: string) => boolean): StartRequest {
    const world = this.#world
    return (request, told) => {
      const payload = this.#payloads.get(request.url)
      const { machine } = victim
      if (payload === undefined) throw new Error(`nobody named ${request.url}`)
      if (!survives(world, victim, "before a fetch", { mayStall: false })) return () => undefined
      const from = world.time.now
      const result = this.#draw(payload, isAway(machine.name))
      const hangs = result._tag === "Unanswered" && result.reason === "timeout"
      const takesMs = hangs ? request.timeoutMs : world.latency(world.faults.targetSlow / 2)
      world.note(machine.name, `fetches ${payload.ingestionId.slice(0, 8)} ${payload.kind}`)
      let abandoned = false
      world.time.after(takesMs, () => {
        if (abandoned || !survives(world, victim, "before a fetch has ended")) return
        const durationMs = world.time.now - from
        machine.enter(() => {
          if (!abandoned) told({ ...result, durationMs })
        })
      })
      return () => {
        abandoned = true
      }
    }
  }

  #draw(payload: Payload, away: boolean): Result {
    const trouble = this.#trouble(payload, away)
    if (trouble !== null) {
      this.#troubles.set(payload.uri, this.troubles(payload) + 1)
      return trouble
    }
    if (payload.kind === "missing") return answered(404)
    return answered(200, payload.kind === "changed" ? changedBytes(payload) : payload.bytes)
  }

  /** What may be over the next time. */
  #trouble({ kind }: Payload, away: boolean): Result | null {
    const { dice, faults } = this.#world
    if (kind === "dead" || away) return unanswered(dice.pick(["connect", "timeout"]))
    if (this.#world.strikes(faults.wireFails))
      return unanswered(dice.pick(["dns", "connect", "connection_lost", "timeout"]))
    if (this.#world.strikes(faults.targetFails)) return answered(dice.pick([500, 503, 429, 408]))
    if (this.#world.strikes(faults.nameUnanswered))
      return { _tag: "NotSent", reason: "name_unanswered", detail: "simulated" }
    return null
  }
}
