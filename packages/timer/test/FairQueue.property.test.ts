/** The fair queue against a model of what may start: nothing that may not, and never nothing where something may. */
import { assert, describe, it } from "@effect/vitest"
import type { TenantId } from "@dueline/contracts/Ids"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import * as Sample from "@dueline/port-contracts/Sample"
import { Schema } from "effect"
import type { FairQueue } from "../src/FairQueue.ts"
import { due, ended, queueOf, started, unlimited } from "./fairSample.ts"
import { FairQueueModel } from "./FairQueueModel.ts"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const maybe = <A>(schema: Schema.Codec<A>) => Schema.NullOr(schema)

const Step = Schema.Union([
  Schema.TaggedStruct("Add", { call: between(0, 11), revision: between(1, 4) }),
  Schema.TaggedStruct("Add", { call: between(0, 11), revision: between(1, 4) }),
  Schema.TaggedStruct("Take", { limit: between(1, 4) }),
  Schema.TaggedStruct("Take", { limit: between(1, 4) }),
  /** The writer's answer for something that was taken, after word of the attempt if there is one. */
  Schema.TaggedStruct("Answer", { nth: between(0, 5), attempt: Schema.Boolean }),
  /** Word of an attempt that nobody here asked for, or word again. */
  Schema.TaggedStruct("Start", { call: between(0, 11), epoch: between(1, 3) }),
  Schema.TaggedStruct("End", {
    call: between(0, 11),
    epoch: between(1, 9),
    answered: Schema.Boolean,
    pauseMs: maybe(between(-10, 3_000))
  }),
  Schema.TaggedStruct("Pass", { ms: Schema.Literals([1, 40, 300, 2_500, 12_000]) })
])
type Step = typeof Step.Type

const Limit = Schema.Struct({
  concurrency: maybe(between(0, 4)),
  ratePerSecond: maybe(Schema.Literals([0.5, 2, 30])),
  burst: Schema.Literals([1, 2, 5])
})

const tenants = Array.from({ length: 3 }, () => Sample.tenantId())
const calls = Array.from({ length: 12 }, (_, n) => ({
  tenantId: tenants[n % 3] ?? Sample.tenantId(),
  callId: Sample.callId(),
  target: n % 2 === 0 ? "one.example" : "two.example:8443"
}))
const timeoutMs = 7_000
const graceMs = 5_000
const begin = 1_000_000
/** Not as long as a target is remembered that was paused. */
const storyMs = 59_000

/** Runs the same story in both, and compares what they say. */
class Story {
  now = begin
  readonly queue: FairQueue
  readonly model: FairQueueModel
  asked: Array<Alarm> = []

  constructor(limit: typeof Limit.Type) {
    const burst = limit.ratePerSecond === null ? null : limit.burst
    this.queue = queueOf({ ...limit, burst })
    this.model = new FairQueueModel({ ...unlimited, ...limit, burst })
  }

  play(step: Step): void {
    this.model.pass(this.now)
    switch (step._tag) {
      case "Add":
        return this.add({ ...due(Sample.tenantId()), ...calls[step.call], revision: step.revision })
      case "Take":
        return this.take(step.limit)
      case "Answer":
        return this.answer(step.nth % Math.max(1, this.asked.length), step.attempt)
      case "Start":
        return this.start(calls[step.call], step.epoch)
      case "End":
        return this.end(step)
      case "Pass":
        this.now = Math.min(begin + storyMs, this.now + step.ms)
    }
  }

  private add(alarm: Alarm): void {
    assert.isTrue(this.queue.add(alarm, this.now))
    this.model.add(alarm)
  }

  private take(limit: number): void {
    const taken = this.queue.take(this.now, limit)
    assert.isAtMost(taken.length, limit)
    for (const alarm of taken) {
      const line = this.model.waiting.filter((one) => one.tenantId === alarm.tenantId && one.target === alarm.target)
      assert.strictEqual(line[0], alarm, "not the first of its tenant and target, or not waiting at all")
      assert.strictEqual(this.model.readyAt(alarm, this.now), this.now, "it may not start yet")
      this.model.take(alarm, this.now)
      this.asked.push(alarm)
    }
    if (taken.length === limit) return
    for (const alarm of this.model.waiting) assert.isAbove(this.model.readyAt(alarm, this.now), this.now, "left behind")
  }

  private answer(nth: number, attempt: boolean): void {
    const [alarm] = this.asked.splice(nth, 1)
    if (alarm === undefined) return
    if (attempt) this.start(alarm, (this.model.busy.get(alarm.callId)?.epoch ?? 0) + 1)
    this.queue.answered(alarm, attempt, this.now)
    this.model.answered(alarm, attempt, this.now)
  }

  private start(call: (typeof calls)[number] | undefined, epoch: number): void {
    if (call === undefined) return
    this.queue.started(started(call, epoch, this.now + timeoutMs), this.now)
    this.model.started(due(call.tenantId, call), epoch, this.now + timeoutMs + graceMs)
  }

  private end({ answered, call: n, epoch, pauseMs }: Extract<Step, { readonly _tag: "End" }>): void {
    const call = calls[n]
    if (call === undefined) return
    const pausedUntil = pauseMs === null ? null : this.now + pauseMs
    this.queue.ended(ended(call, { epoch, answered, pausedUntil }), this.now)
    this.model.ended(due(call.tenantId, call), epoch, answered, pausedUntil)
  }

  check(): void {
    this.model.pass(this.now)
    assert.strictEqual(this.queue.size, this.model.waiting.length)
    const wakeAt = this.queue.nextWakeAt(this.now)
    const earliest = Math.min(...this.model.waiting.map((alarm) => this.model.readyAt(alarm, this.now)))
    if (earliest === this.now) assert.strictEqual(wakeAt, this.now)
    else {
      assert.isAbove(wakeAt, this.now, "nothing may start, so nobody should look again at once")
      assert.isAtMost(wakeAt, Math.ceil(earliest), "slept through")
    }
    for (const tenantId of tenants) assert.strictEqual(this.queue.running(tenantId), this.model.runningOf(tenantId))
  }
}

/** Picks one call, at a time that does not matter. */
const pick = (queue: FairQueue) => queue.take(begin, 1)[0]?.tenantId

describe("fair queue", () => {
  it.prop(
    "starts what is first, allowed by cap and rate, and not paused; leaves nothing behind that is; and wakes in time for the rest",
    { limit: Limit, steps: Schema.Array(Step) },
    ({ limit, steps }) => {
      const story = new Story(limit)
      for (const step of steps) {
        story.play(step)
        story.check()
      }
    },
    { arbitrary: { ...propertyRuns, size: 120 } }
  )

  it.prop(
    "picks a call of a tenant that has nothing else waiting within n + 1 picks beside n backlogs, each time it comes",
    { backlogs: between(1, 6), waits: Schema.Array(between(0, 9)).check(Schema.isMaxLength(8)) },
    ({ backlogs, waits }) => {
      const queue = queueOf()
      const comer = Sample.tenantId()
      for (let n = 0; n < backlogs; n += 1) {
        const tenantId = Sample.tenantId()
        for (let k = 0; k < 200; k += 1) queue.add(due(tenantId), begin)
      }
      for (const wait of waits) {
        for (let n = 0; n < wait; n += 1) pick(queue)
        queue.add(due(comer), begin)
        const before = Array.from({ length: backlogs + 1 }, () => pick(queue))
        assert.include(before, comer)
        // And it takes no more than its turn, however often it comes.
        assert.strictEqual(before.filter((tenantId) => tenantId === comer).length, 1)
      }
    },
    { arbitrary: propertyRuns }
  )

  it.prop(
    "gives a tenant that comes late its share from then on, and nothing for the time it was away",
    { backlogs: between(1, 5), before: between(0, 60), rounds: between(1, 12) },
    ({ backlogs, before, rounds }) => {
      const queue = queueOf()
      const comer = Sample.tenantId()
      const fill = (tenantId: TenantId) => Array.from({ length: 200 }, () => queue.add(due(tenantId), begin))
      for (let n = 0; n < backlogs; n += 1) fill(Sample.tenantId())
      for (let n = 0; n < before; n += 1) pick(queue)
      fill(comer)
      const picks = Array.from({ length: rounds * (backlogs + 1) }, () => pick(queue))
      const got = picks.filter((tenantId) => tenantId === comer).length
      assert.isAtLeast(got, rounds)
      assert.isAtMost(got, rounds + 1)
    },
    { arbitrary: propertyRuns }
  )

  it.prop(
    "shares out by weight: what each has got for its weight differs by no more than one call of either",
    {
      weights: Schema.Array(Schema.Literals([0.5, 1, 2, 3, 10])).check(Schema.isMinLength(2), Schema.isMaxLength(5)),
      rounds: between(1, 150)
    },
    ({ rounds, weights }) => {
      const tenants = weights.map((weight) => ({ tenantId: Sample.tenantId(), weight }))
      const overrides = new Map(tenants.map(({ tenantId, weight }) => [tenantId, { weight }]))
      const queue = queueOf({}, {}, overrides)
      for (const { tenantId } of tenants) for (let k = 0; k < rounds; k += 1) queue.add(due(tenantId), begin)
      const got = new Map<string | undefined, number>()
      for (let n = 0; n < rounds; n += 1) {
        const tenantId = pick(queue)
        got.set(tenantId, (got.get(tenantId) ?? 0) + 1)
        for (const a of tenants) {
          for (const b of tenants) {
            const apart = (got.get(a.tenantId) ?? 0) / a.weight - (got.get(b.tenantId) ?? 0) / b.weight
            assert.isAtMost(Math.abs(apart), 1 / a.weight + 1 / b.weight + 1e-9)
          }
        }
      }
    },
    { arbitrary: propertyRuns }
  )
})
