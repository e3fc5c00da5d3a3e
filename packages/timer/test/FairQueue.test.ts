/** What the fair queue remembers, and for how long: room, lost ends, pauses, limits that change, a clock that is set back. */
import { assert, describe, it } from "@effect/vitest"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import * as Sample from "@dueline/port-contracts/Sample"
import { defaultFairQueueOptions, FairQueue, TenantQueues } from "../src/FairQueue.ts"
import { TargetQueue } from "../src/TargetQueue.ts"
import { shareOf, type TenantLimits } from "../src/TenantLimits.ts"
import { PlaceThreshold } from "../src/FairOrder.ts"
import { due, ended, queueOf, run, unlimited } from "./fairSample.ts"

const names = (alarms: ReadonlyArray<Alarm>) => alarms.map(({ callId }) => callId)

/** Adds so many alarms of one tenant and answers those that found room. */
const fill = (queue: FairQueue, count: number, tenantId = Sample.tenantId()) =>
  Array.from({ length: count }, () => due(tenantId)).filter((alarm) => queue.add(alarm, 0))

describe("room", () => {
  it("a tenant may fill as much as is left, so that there is always room for another", () => {
    const queue = queueOf({}, { alarmLimit: 100 })
    assert.lengthOf(fill(queue, 200), 50)
    assert.lengthOf(fill(queue, 200), 25)
    assert.lengthOf(fill(queue, 1), 1)
    assert.strictEqual(queue.size, 76)
  })

  it("a newer revision of what waits finds its place also when there is no room", () => {
    const queue = queueOf({}, { alarmLimit: 2 })
    const [alarm = due(Sample.tenantId())] = fill(queue, 1)
    assert.isFalse(queue.add(due(alarm.tenantId), 0))
    const newer = { ...alarm, revision: 2 }
    assert.isTrue(queue.add(newer, 0))
    assert.deepStrictEqual(queue.take(0, 10), [newer])
  })

  it("what is still known of a target's pause that is long over takes no call away that waits for the target", () => {
    const queue = queueOf()
    const call = due(Sample.tenantId())
    queue.ended(ended(call, { answered: false, pausedUntil: 1_000 }), 0)
    queue.take(1_000, 1)
    queue.ended(ended(call), 2_000)
    queue.add(call, 60_990)
    const newer = { ...call, revision: 2 }
    queue.add(newer, 61_001)
    assert.deepStrictEqual(queue.take(61_001, 10), [newer])
    assert.deepStrictEqual([queue.size, queue.nextWakeAt(61_001)], [0, Number.POSITIVE_INFINITY])
  })

  it("a call that is moved again and again while its target is paused waits once, in a line that does not grow", () => {
    const queue = queueOf()
    const call = due(Sample.tenantId())
    queue.ended(ended(call, { pausedUntil: 1_000 }), 0)
    for (let revision = 1; revision <= 1_000; revision += 1) queue.add({ ...call, revision }, 0)
    assert.strictEqual(queue.size, 1)
    assert.deepStrictEqual(
      queue.take(1_000, 10).map(({ revision }) => revision),
      [1_000]
    )
    const target = new TargetQueue(Sample.host, Number.POSITIVE_INFINITY)
    let current = call
    let looks = 0
    const isCurrent = (alarm: Alarm) => {
      looks += 1
      return alarm === current
    }
    for (let revision = 1; revision <= 1_000; revision += 1) {
      current = { ...call, revision }
      target.push(current, isCurrent)
      target.waiting = 1
    }
    looks = 0
    assert.strictEqual(target.shift(isCurrent), current)
    assert.isAtMost(looks, 100)
  })

  it("tenants that have nothing are forgotten, and those beyond the limit whatever there is to remember of them", () => {
    const limits = { default: unlimited, overrides: new Map() }
    const options = { limits: () => limits, processes: () => 1, quietLimit: 10 }
    const threshold = new PlaceThreshold(() => Number.POSITIVE_INFINITY)
    const [forgetting, holding] = [
      new TenantQueues(options, threshold, () => true),
      new TenantQueues(options, threshold, () => false)
    ]
    for (let n = 0; n < 1_000; n += 1) {
      forgetting.of(Sample.tenantId(), 0)
      holding.of(Sample.tenantId(), 0)
      assert.isAtMost(forgetting.size, 11)
      assert.isAtMost(holding.size, 21)
    }
  })

  it("a tenant that was just served is not forgotten, or it would be first again whenever it comes", () => {
    const queue = queueOf({}, { quietLimit: 5 })
    const [long, short] = [Sample.tenantId(), Sample.tenantId()]
    const pick = () => {
      const [alarm = due(long)] = queue.take(0, 1)
      queue.answered(alarm, false, 0)
      return alarm.tenantId
    }
    fill(queue, 5, long)
    pick()
    fill(queue, 1, short)
    assert.strictEqual(pick(), short)
    for (let n = 0; n < 4; n += 1) queue.ended(ended(due(Sample.tenantId()), { pausedUntil: 9_000 }), 0)
    fill(queue, 1, short)
    assert.deepStrictEqual([pick(), pick()], [long, short])
  })
})

describe("what is under way", () => {
  it("an attempt whose end is never heard of holds its place until its deadline and a little longer", () => {
    const queue = queueOf({ concurrency: 1 })
    const [first, second] = fill(queue, 2)
    for (const alarm of queue.take(0, 2)) run(queue, alarm, 0, 1, 20_000)
    assert.strictEqual(queue.nextWakeAt(100), 25_000)
    assert.deepStrictEqual(names(queue.take(24_999, 2)), [])
    assert.deepStrictEqual(names(queue.take(25_000, 2)), [second?.callId])
    assert.notStrictEqual(first, second)
  })

  it("a deadline beyond all time-outs is not believed", () => {
    const queue = queueOf({ concurrency: 1 })
    fill(queue, 2)
    for (const alarm of queue.take(0, 1)) run(queue, alarm, 0, 1, Number.MAX_SAFE_INTEGER)
    assert.lengthOf(queue.take(320_000, 1), 1)
  })

  it("word of an end that comes twice, or of an older attempt, frees no second place", () => {
    const queue = queueOf({ concurrency: 1 })
    fill(queue, 3)
    const [first = due(Sample.tenantId())] = queue.take(0, 1)
    run(queue, first, 0, 2)
    queue.ended(ended(first, { epoch: 1 }), 0)
    assert.lengthOf(queue.take(0, 3), 0)
    queue.ended(ended(first, { epoch: 2 }), 0)
    queue.ended(ended(first, { epoch: 2 }), 0)
    assert.lengthOf(queue.take(0, 3), 1)
  })

  it("an alarm that is being asked for is not asked for a second time, and may come again after the answer", () => {
    const queue = queueOf()
    const [alarm = due(Sample.tenantId())] = fill(queue, 1)
    queue.take(0, 1)
    queue.add(alarm, 0)
    assert.strictEqual(queue.size, 0)
    queue.answered(alarm, false, 0)
    queue.add(alarm, 0)
    assert.strictEqual(queue.size, 1)
  })
})

describe("pauses", () => {
  it("a target that was paused is tried with one call at a time until it answers", () => {
    const queue = queueOf()
    const alarms = fill(queue, 5)
    const [first = due(Sample.tenantId())] = queue.take(0, 1)
    run(queue, first, 0)
    queue.ended(ended(first, { answered: false, pausedUntil: 1_000 }), 0)
    assert.deepStrictEqual([queue.nextWakeAt(1), queue.take(999, 5).length], [1_000, 0])
    const [probe = first] = queue.take(1_000, 5)
    run(queue, probe, 1_000)
    assert.lengthOf(queue.take(1_000, 5), 0)
    queue.ended(ended(probe, { answered: false }), 1_500)
    const [next = first] = queue.take(1_500, 5)
    run(queue, next, 1_500)
    assert.lengthOf(queue.take(1_500, 5), 0)
    queue.ended(ended(next), 2_000)
    assert.deepStrictEqual(names(queue.take(2_000, 5)), names(alarms.slice(3)))
  })

  it("calls that were handed back and come again when the pause ends are tried one by one too", () => {
    const queue = queueOf()
    const alarms = fill(queue, 3)
    for (const alarm of queue.take(0, 3)) run(queue, alarm, 0)
    for (const alarm of alarms) queue.ended(ended(alarm, { answered: false, pausedUntil: 1_000 }), 10)
    for (const alarm of alarms) queue.add({ ...alarm, revision: 2 }, 1_000)
    assert.lengthOf(queue.take(1_000, 3), 1)
  })

  it("one target's pause stops neither the tenant's other targets nor the same target of another tenant", () => {
    const queue = queueOf()
    const [mine, theirs] = [Sample.tenantId(), Sample.tenantId()]
    const [stopped, elsewhere, other] = [due(mine), due(mine, { target: "elsewhere.example" }), due(theirs)]
    queue.ended(ended(stopped, { pausedUntil: 1_000 }), 0)
    for (const alarm of [stopped, elsewhere, other]) queue.add(alarm, 0)
    assert.sameMembers(names(queue.take(0, 5)), names([elsewhere, other]))
  })

  it("a pause without end lasts ten minutes", () => {
    const queue = queueOf()
    const alarm = due(Sample.tenantId())
    queue.ended(ended(alarm, { pausedUntil: Number.MAX_SAFE_INTEGER }), 0)
    queue.add(alarm, 0)
    assert.strictEqual(queue.nextWakeAt(0), 600_000)
    assert.lengthOf(queue.take(600_000, 1), 1)
  })

  it("a target that nothing has waited for in a minute after its pause is as good as any", () => {
    const queue = queueOf()
    const tenantId = Sample.tenantId()
    queue.ended(ended(due(tenantId), { pausedUntil: 1_000 }), 0)
    queue.take(1_000, 1)
    queue.take(61_000, 1)
    fill(queue, 3, tenantId)
    assert.lengthOf(queue.take(61_000, 3), 3)
  })
})

describe("limits", () => {
  const changing = (first: TenantLimits) => {
    let now = first
    const queue = new FairQueue({ ...defaultFairQueueOptions, limits: () => now })
    return { queue, change: (limits: TenantLimits) => void (now = limits) }
  }
  const all = (changes: Partial<typeof unlimited>): TenantLimits => ({
    default: { ...unlimited, ...changes },
    overrides: new Map()
  })

  it("new ones come into force for what waits already", () => {
    const { change, queue } = changing(all({ concurrency: 1 }))
    fill(queue, 5)
    assert.lengthOf(queue.take(0, 5), 1)
    change(all({ concurrency: 3 }))
    assert.lengthOf(queue.take(0, 5), 2)
    change(all({ concurrency: null, ratePerSecond: 1 }))
    assert.lengthOf(queue.take(0, 5), 1)
    assert.strictEqual(queue.nextWakeAt(0), 1_000)
  })

  it("processes divide caps and rates between them", () => {
    const tenantId = Sample.tenantId()
    const limits = {
      default: unlimited,
      overrides: new Map([[tenantId, { concurrency: 7, perTarget: 4, ratePerSecond: 6 }]])
    }
    const limit = shareOf(limits, tenantId, 3)
    assert.deepStrictEqual(limit, { weight: 1, concurrency: 3, perTarget: 2, ratePerSecond: 2, burst: 2 })
    assert.deepStrictEqual(shareOf(limits, Sample.tenantId(), 3), unlimited)
    let processes = 2
    const queue = queueOf({ concurrency: 4 }, { processes: () => processes })
    fill(queue, 9)
    assert.lengthOf(queue.take(0, 9), 2)
    processes = 1
    assert.lengthOf(queue.take(0, 9), 2)
  })

  it("hold for one target too: others are not kept waiting by what waits for one", { tags: ["ADR-0027.1"] }, () => {
    const queue = queueOf({ perTarget: 2 })
    const [mine, theirs] = [Sample.tenantId(), Sample.tenantId()]
    const busy = fill(queue, 4, mine)
    const [elsewhere, same] = [due(mine, { target: "elsewhere.example" }), due(theirs)]
    for (const alarm of [elsewhere, same]) queue.add(alarm, 0)
    const taken = queue.take(0, 9)
    assert.sameMembers(names(taken), names([...busy.slice(0, 2), elsewhere, same]))
    assert.strictEqual(queue.nextWakeAt(0), Number.POSITIVE_INFINITY)
    for (const alarm of taken) run(queue, alarm, 0)
    queue.ended(ended(busy[1] ?? same), 10)
    assert.deepStrictEqual(names(queue.take(10, 9)), names(busy.slice(2, 3)))
  })

  it("for one target come into force for what waits already", { tags: ["ADR-0027.1"] }, () => {
    const { change, queue } = changing(all({ perTarget: 1 }))
    fill(queue, 5)
    assert.lengthOf(queue.take(0, 5), 1)
    change(all({ perTarget: 3 }))
    assert.lengthOf(queue.take(0, 5), 2)
    change(all({ perTarget: null }))
    assert.lengthOf(queue.take(0, 5), 2)
  })

  it("a token that led to no attempt is there again, one that did is not", () => {
    const queue = queueOf({ ratePerSecond: 1, burst: 1 })
    const [first, second] = fill(queue, 3)
    assert.deepStrictEqual(names(queue.take(0, 3)), names([first ?? due(Sample.tenantId())]))
    if (first !== undefined) queue.answered(first, false, 0)
    const [again] = queue.take(0, 3)
    assert.strictEqual(again?.callId, second?.callId)
    if (again !== undefined) run(queue, again, 0)
    assert.lengthOf(queue.take(0, 3), 0)
  })
})

describe("a clock that is set back", () => {
  it("keeps nobody waiting for as long as it was set back", () => {
    const late = 3_600_000
    const queue = queueOf({ ratePerSecond: 1, burst: 1 })
    const [one, two] = [Sample.tenantId(), Sample.tenantId()]
    fill(queue, 3, one)
    const paused = due(two)
    queue.ended(ended(paused, { pausedUntil: late + 5_000 }), late)
    queue.add(paused, late)
    assert.lengthOf(queue.take(late, 5), 1)
    assert.lengthOf(queue.take(0, 5), 0)
    assert.strictEqual(queue.nextWakeAt(0), 1_000)
    assert.lengthOf(queue.take(1_000, 5), 1)
    assert.strictEqual(queue.take(600_000, 5).length, 2)
  })

  it("a trembling one changes nothing", () => {
    const queue = queueOf({ ratePerSecond: 1, burst: 1 })
    fill(queue, 3)
    assert.lengthOf(queue.take(5_000, 5), 1)
    assert.lengthOf(queue.take(4_500, 5), 0)
    assert.lengthOf(queue.take(5_999, 5), 0)
    assert.lengthOf(queue.take(6_000, 5), 1)
  })
})
