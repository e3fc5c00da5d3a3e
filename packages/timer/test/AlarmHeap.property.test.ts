/** The heap of alarms against the plainest thing that could be right: a list, sorted every time. */
import { assert, it } from "@effect/vitest"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import * as Sample from "@dueline/port-contracts/Sample"
import { Schema } from "effect"
import { AlarmHeap } from "../src/MemoryTimer.ts"
import { alarm } from "./Scripted.ts"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const Step = Schema.Union([
  Schema.TaggedStruct("Add", { call: between(0, 9), revision: between(1, 3), dueAt: between(0, 40) }),
  Schema.TaggedStruct("Take", { now: between(0, 40), limit: between(0, 4) })
])
const tenants = [Sample.tenantId(), Sample.tenantId()]
const calls = Array.from({ length: 10 }, (_, n) => Sample.target(tenants[n % 2]))

class Lists {
  list: Array<Alarm> = []

  add(alarm: Alarm): boolean {
    const known = this.list.find(({ callId }) => callId === alarm.callId)
    if (known !== undefined && known.revision >= alarm.revision) return false
    this.list = [...this.list.filter((other) => other !== known), alarm]
    return true
  }

  /** What may be given out, and of each tenant in which order. */
  due(now: number): ReadonlyArray<Alarm> {
    return this.list.filter(({ dueAt }) => dueAt <= now).sort((a, b) => a.dueAt - b.dueAt)
  }

  take(taken: ReadonlyArray<Alarm>): void {
    this.list = this.list.filter((alarm) => !taken.includes(alarm))
  }
}

const of = (alarms: ReadonlyArray<Alarm>, tenant: string | undefined) =>
  alarms.filter(({ tenantId }) => tenantId === tenant)

it.prop(
  "the heap gives what is due, of each tenant in the order of a sorted list, and of none a second one before the other's first",
  { steps: Schema.Array(Step) },
  ({ steps }) => {
    const [heap, lists] = [new AlarmHeap(), new Lists()]
    const take = (now: number, limit: number) => {
      const due = lists.due(now)
      const taken = heap.take(now, limit)
      assert.lengthOf(taken, Math.min(limit, due.length))
      for (const tenant of tenants) {
        const own = of(taken, tenant)
        assert.deepStrictEqual(own, of(due, tenant).slice(0, own.length))
        const left = of(due, tenant).length - own.length
        if (left > 0) for (const other of tenants) assert.isAtMost(of(taken, other).length, own.length + 1)
      }
      lists.take(taken)
    }
    let latest = 0
    for (const step of steps) {
      if (step._tag === "Add") {
        const one = alarm(step.dueAt, calls[step.call], step.revision)
        assert.strictEqual(heap.add(one), lists.add(one))
      } else {
        latest = step.now
        take(step.now, step.limit)
      }
      assert.strictEqual(heap.size, lists.list.length)
      for (const tenant of tenants) assert.strictEqual(heap.sizeOf(tenant), of(lists.list, tenant).length)
      // It may still name the time of an alarm that was replaced, so it may be early; late it must not be.
      const earliest = heap.earliest ?? Number.POSITIVE_INFINITY
      for (const { dueAt } of lists.list) assert.isAtMost(earliest, Math.max(dueAt, latest))
    }
    take(100, 100)
    assert.deepStrictEqual([heap.size, heap.earliest], [0, undefined])
  },
  { arbitrary: { ...propertyRuns, size: 60 }, tags: ["ADR-0027.4"] }
)

it.prop(
  "an alarm that is due comes within one more than there are other tenants, whatever these have waiting",
  { backlogs: between(1, 9), limit: between(1, 5), before: between(0, 50) },
  ({ backlogs, before, limit }) => {
    const heap = new AlarmHeap()
    for (let n = 0; n < backlogs; n += 1) {
      const tenantId = Sample.tenantId()
      for (let k = 0; k < 100; k += 1) heap.add(alarm(k % 10, Sample.target(tenantId)))
    }
    for (let n = 0; n < before; n += 1) heap.take(20, 1)
    const one = alarm(20)
    heap.add(one)
    const taken: Array<Alarm> = []
    while (taken.length <= backlogs) taken.push(...heap.take(21, limit))
    assert.include(taken.slice(0, backlogs + limit), one)
  },
  { arbitrary: propertyRuns, tags: ["ADR-0027.4"] }
)

it.prop(
  "alarms of many different times come out in order",
  { times: Schema.Array(between(0, 1_000)) },
  ({ times }) => {
    const heap = new AlarmHeap()
    for (const dueAt of times) heap.add(alarm(dueAt))
    const taken: Array<number> = []
    while (heap.size > 0) taken.push(...heap.take(1_000, 3).map(({ dueAt }) => dueAt))
    assert.deepStrictEqual(
      taken,
      times.toSorted((a, b) => a - b)
    )
  },
  { arbitrary: { ...propertyRuns, size: 60 } }
)
