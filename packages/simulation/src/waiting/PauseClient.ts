/** Someone who pauses this and that for a while, and lets all of it go on before the world ends. */
import { EpochMillis, type TenantId } from "@dueline/contracts/Ids"
import { PauseId } from "@dueline/contracts/pause/Pause"
import { type Around, Person } from "../clients/Requests.ts"
import { flowKeys, tagsOf } from "./terms.ts"

interface PauseAround extends Around {
  /** Pauses of the tenant that hold. */
  readonly holding: (tenantId: TenantId) => ReadonlyArray<PauseId>
}

export class PauseClient extends Person<PauseAround> {
  start(_actions: number, withinMs: number): void {
    const { time } = this.around.world
    const count = this.dice.between(1, 3)
    for (let i = 0; i < count; i++) time.after(this.dice.between(0, withinMs / 2), () => this.#pause())
    time.after(this.around.world.activeMs, () => this.#resumeAll())
  }

  #pause(): void {
    const { world } = this.around
    const dice = this.dice
    const key = this.requests.newKey(1)
    const pauseId = PauseId.make(world.dice.fork(`${this.name}/${key}`).uuid())
    const of = dice.pick(["tenant", "target", "flow", "tag"] as const)
    const keys = { tenant: null, target: "target.test", flow: dice.pick(flowKeys), tag: dice.pick(tagsOf) }
    const at = EpochMillis.make(world.time.now)
    this.requests.make(
      {
        _tag: "CreatePause",
        pauseId,
        at,
        of,
        key: keys[of],
        reason: "the target moves",
        pausedBy: this.name,
        fingerprint: `pause ${key}`,
        origin: { correlationId: this.requests.correlation(), traceparent: null }
      },
      key,
      `pause ${key}`
    )
    world.time.after(dice.between(2_000, 40_000), () => this.#resume(pauseId, dice.pick([null, 0.5, 3, 50])))
  }

  #resume(pauseId: PauseId, releasePerSecond: number | null): void {
    const at = EpochMillis.make(this.around.world.time.now)
    const key = this.requests.newKey(1)
    const command = { _tag: "ResumePause", pauseId, at, resumedBy: this.name, releasePerSecond } as const
    this.requests.make(command, key, `resume ${key}`)
  }

  /** Whatever became of asking before. */
  #resumeAll(): void {
    const { holding, world } = this.around
    for (const pauseId of holding(this.tenantId)) this.#resume(pauseId, null)
    world.time.after(5_000, () => this.#resumeAll())
  }
}
