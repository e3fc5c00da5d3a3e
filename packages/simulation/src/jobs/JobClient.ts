/** Someone who does one thing to many calls at once: starts jobs, pauses them, goes on or gives them up, and lets none rest at the end. */
import type { BulkJobId, BulkWork, CallChoice } from "@dueline/contracts/bulkJob/BulkJob"
import { EpochMillis, type TenantId } from "@dueline/contracts/Ids"
import { type Around, Person } from "../clients/Requests.ts"

interface JobAround extends Around {
  /** Jobs of the tenant that are paused. */
  readonly paused: (tenantId: TenantId) => ReadonlyArray<BulkJobId>
}

type Asked = "PauseBulkJob" | "ResumeBulkJob" | "AbortBulkJob"

const callsThatAre = (status: CallChoice["status"]): CallChoice => ({
  status,
  tags: [],
  dueFrom: null,
  dueTo: null,
  search: null
})

export class JobClient extends Person<JobAround> {
  start(_actions: number, withinMs: number): void {
    const { time } = this.around.world
    const count = this.dice.between(1, 3)
    for (let i = 0; i < count; i++) time.after(this.dice.between(withinMs / 4, withinMs), () => this.#begin())
    time.after(this.around.world.activeMs, () => this.#resumeAll())
  }

  #work(): BulkWork {
    return this.dice.pick<BulkWork>([
      { _tag: "CancelCalls", filter: callsThatAre("Scheduled") },
      { _tag: "MoveCalls", filter: callsThatAre("Scheduled"), to: null, byMs: 5_000 },
      { _tag: "RunCalls", filter: callsThatAre("Failed") },
      { _tag: "RunCalls", filter: callsThatAre("Succeeded") }
    ])
  }

  #begin(): void {
    const { world } = this.around
    const dice = this.dice
    const key = this.requests.newKey(1)
    const bulkJobId = world.dice.fork(`${this.name}/${key}`).uuid() as BulkJobId
    const at = EpochMillis.make(world.time.now)
    this.requests.make(
      {
        _tag: "StartBulkJob",
        bulkJobId,
        at,
        work: this.#work(),
        plan: { at, count: 0, exact: false },
        rate: dice.pick([1, 3, 200]),
        startedBy: this.name,
        origin: { correlationId: this.requests.correlation(), traceparent: null }
      },
      key,
      `job ${key}`
    )
    const later = (_tag: Asked) => world.time.after(dice.between(200, 8_000), () => this.#change(bulkJobId, _tag))
    if (dice.chance(0.4)) later("PauseBulkJob")
    if (dice.chance(0.3)) later("ResumeBulkJob")
    if (dice.chance(0.2)) later("AbortBulkJob")
  }

  #change(bulkJobId: BulkJobId, _tag: Asked): void {
    const at = EpochMillis.make(this.around.world.time.now)
    const key = this.requests.newKey(1)
    this.requests.make({ _tag, bulkJobId, at }, key, `${_tag} ${key}`)
  }

  /** Whatever became of asking before. */
  #resumeAll(): void {
    const { paused, world } = this.around
    for (const bulkJobId of paused(this.tenantId)) this.#change(bulkJobId, "ResumeBulkJob")
    world.time.after(5_000, () => this.#resumeAll())
  }
}
