/** The fair queue against a model of what may start: nothing that may not, and never nothing where something may. */
import { assert, describe, it } from "@effect/vitest"
import type { TenantId } from "@dueline/contracts/Ids"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import * as Sample from "@dueline/port-contracts/Sample"
import { Schema } from "effect"
import type { FairQueue } from "../src/FairQueue.ts"
import { due, ended, queueOf, run, started, unlimited } from "./fairSample.ts"
import { FairQueueModel } from "./FairQueueModel.ts"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const maybe = <A>(schema: Schema.Codec<A>) => Schema.NullOr(schema)

const Step = Schema.Union([
  Schema.TaggedStruct("Add", { call: between(0, 11), revision: between(1, 4) }),
  Schema.TaggedStruct("Add", { call: between(0, 11), revision: between(1, 4) }),
  Schema.TaggedStruct("Take", { limit: between(1, 4) }),
  Schema.TaggedStruct("Take", { limit: between(1, 4) }),
  Schema.TaggedStruct("Claim", { call: between(0, 11) }),
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
  perTarget: maybe(between(0, 3)),
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

  constructor(limit: typeof Limit.Type, places: number) {
    const burst = limit.ratePerSecond === null ? null : limit.burst
    this.queue = queueOf({ ...limit, burst }, { places: () => places })
    this.model = new FairQueueModel({ ...unlimited, ...limit, burst }, places)
  }

  play(step: Step): void {
    this.model.pass(this.now)
    switch (step._tag) {
      case "Add":
        return this.add({ ...due(Sample.tenantId()), ...calls[step.call], revision: step.revision })
      case "Take":
        return this.take(step.limit)
      case "Claim":
        return this.claim({ ...due(Sample.tenantId()), ...calls[step.call] })
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

  private claim(alarm: Alarm): void {
    const isAlone = this.model.waiting.every(({ tenantId }) => tenantId !== alarm.tenantId)
    if (!this.queue.claim(alarm, this.now)) return
    assert.isTrue(isAlone, "it went past another of its tenant")
    this.model.add(alarm)
    assert.strictEqual(this.model.readyAt(alarm, this.now), this.now, "it may not start yet")
    this.model.take(alarm, this.now)
    this.asked.push(alarm)
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
    "starts what is first, allowed by caps, rate and room, and not paused; leaves nothing behind that is; and wakes in time for the rest",
    { limit: Limit, places: maybe(Schema.Literals([1, 4, 9, 1_000])), steps: Schema.Array(Step) },
    ({ limit, places, steps }) => {
      const story = new Story(limit, places ?? Number.POSITIVE_INFINITY)
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
    "a call is claimed when its tenant has none waiting and it would be taken next, and changes nothing otherwise",
    { adds: Schema.Array(between(0, 3)), taken: between(0, 6), claimed: between(0, 3), places: between(1, 12) },
    ({ adds, claimed, places, taken }) => {
      const all = Array.from({ length: 4 }, () => Sample.tenantId())
      const alarms = adds.map((n) => due(all[n] ?? Sample.tenantId()))
      const one = due(all[claimed] ?? Sample.tenantId())
      /** The same story each time. */
      const told = () => {
        const queue = queueOf({}, { places: () => places })
        for (const alarm of alarms) queue.add(alarm, begin)
        queue.take(begin, taken)
        return queue
      }
      const rest = (queue: FairQueue) => queue.take(begin, 100)
      const [untouched, by, added] = [told(), told(), told()]
      const isAlone = added.waiting(one.tenantId) === 0
      added.add(one, begin)
      const isNext = added.take(begin, 1)[0] === one
      assert.strictEqual(by.claim(one, begin), isAlone && isNext)
      assert.deepStrictEqual(rest(by), isAlone && isNext ? rest(added) : rest(untouched))
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

  /** Attempts of these tenants that never end, as many as they get, a few at a time in the order given. */
  const hang = (queue: FairQueue, turns: ReadonlyArray<{ readonly tenantId: TenantId; readonly calls: number }>) => {
    const underWay: Array<Alarm> = []
    for (const { calls, tenantId } of turns) {
      for (let n = 0; n < calls; n += 1) queue.add(due(tenantId, { target: `${n % 7}.example` }), begin)
      for (const alarm of queue.take(begin, 1_000)) {
        run(queue, alarm, begin, 1, begin + 35_000)
        underWay.push(alarm)
      }
    }
    return underWay
  }
  const Turn = Schema.Struct({ hog: between(0, 11), calls: Schema.Literals([1, 5, 40, 400]) })
  const hogs = Array.from({ length: 12 }, () => Sample.tenantId())
  const turnsOf = (turns: ReadonlyArray<typeof Turn.Type>, among: number) =>
    turns.map(({ calls, hog }) => ({ calls, tenantId: hogs[hog % among] ?? Sample.tenantId() }))

  it.prop(
    "of 256 places one is left at once for a tenant that has nothing under way, whatever twelve others let hang",
    { turns: Schema.Array(Turn), comers: between(1, 3) },
    ({ turns }) => {
      const queue = queueOf({}, { places: () => 256 })
      const taken = hang(queue, turnsOf(turns, 12))
      assert.isBelow(taken.length, 256)
      const one = due(Sample.tenantId())
      queue.add(one, begin)
      assert.deepStrictEqual(queue.take(begin, 10), [one])
    },
    { arbitrary: { ...propertyRuns, size: 60 }, tags: ["ADR-0027.2"] }
  )

  it.prop(
    "a tenant alone gets three quarters of the places, and beside it a second one at least a sixteenth at once",
    { places: between(4, 1_024) },
    ({ places }) => {
      const queue = queueOf({}, { places: () => places })
      const [first, second] = [Sample.tenantId(), Sample.tenantId()]
      hang(queue, [{ tenantId: first, calls: 2_000 }])
      hang(queue, [{ tenantId: first, calls: 2_000 }])
      assert.strictEqual(queue.running(first), Math.floor((places * 3) / 4))
      hang(queue, [{ tenantId: second, calls: 2_000 }])
      assert.isAtLeast(queue.running(second), Math.floor(places / 16))
    },
    { arbitrary: propertyRuns, tags: ["ADR-0027.2"] }
  )

  it.prop(
    "never more of one tenant to one target than the cap, and no other target or tenant waits for it",
    { perTarget: between(1, 9), turns: Schema.Array(Turn) },
    ({ perTarget, turns }) => {
      const queue = queueOf({ perTarget })
      const underWay = hang(queue, turnsOf(turns, 3))
      const count = new Map<string, number>()
      for (const { target, tenantId } of underWay) {
        const key = `${tenantId} ${target}`
        count.set(key, (count.get(key) ?? 0) + 1)
      }
      for (const n of count.values()) assert.isAtMost(n, perTarget)
      for (const tenantId of hogs.slice(0, 4)) {
        const one = due(tenantId, { target: "elsewhere.example" })
        queue.add(one, begin)
        assert.deepStrictEqual(queue.take(begin, 10), [one])
      }
      for (const alarm of underWay) {
        queue.ended(ended(alarm), begin)
        for (const next of queue.take(begin, 10)) {
          assert.strictEqual(next.tenantId, alarm.tenantId)
          assert.strictEqual(next.target, alarm.target)
        }
      }
    },
    { arbitrary: { ...propertyRuns, size: 30 }, tags: ["ADR-0027.1"] }
  )

  it.prop(
    "shares out a full house by weight: of two with backlogs the one of weight 3 starts three calls for each of the other",
    { rounds: between(100, 400) },
    ({ rounds }) => {
      const [heavy, light] = [Sample.tenantId(), Sample.tenantId()]
      const queue = queueOf({}, { places: () => 64 }, new Map([[heavy, { weight: 3 }]]))
      for (const tenantId of [heavy, light]) for (let n = 0; n < 700; n += 1) queue.add(due(tenantId), begin)
      const underWay: Array<Alarm> = []
      const got = new Map<TenantId, number>()
      const start = () => {
        for (const alarm of queue.take(begin, 100)) {
          run(queue, alarm, begin, 1, begin + 35_000)
          underWay.push(alarm)
          got.set(alarm.tenantId, (got.get(alarm.tenantId) ?? 0) + 1)
        }
      }
      start()
      for (let n = 0; n < rounds; n += 1) {
        const over = underWay.shift()
        if (over !== undefined) queue.ended(ended(over), begin)
        start()
      }
      assert.isAtMost(Math.abs((got.get(heavy) ?? 0) - 3 * (got.get(light) ?? 0)), 16)
    },
    { arbitrary: propertyRuns }
  )
})
