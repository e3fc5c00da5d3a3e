/** The heap of alarms against the plainest thing that could be right: a list, sorted every time. */
import { assert, it } from "@effect/vitest"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import * as Sample from "@dueline/port-contracts/Sample"
import { Schema } from "effect"
import { AlarmHeap } from "../src/AlarmHeap.ts"
import { alarm } from "./Scripted.ts"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const Step = Schema.Union([
  Schema.TaggedStruct("Add", { call: between(0, 9), revision: between(1, 3), dueAt: between(0, 40) }),
  Schema.TaggedStruct("Take", { now: between(0, 40), limit: between(0, 4) })
])
const tenants = [Sample.tenantId(), Sample.tenantId()]
const calls = Array.from({ length: 10 }, (_, n) => Sample.target(tenants[n % 2]))

class SortedList {
  list: Array<Alarm> = []

  add(alarm: Alarm): boolean {
    const known = this.list.find(({ callId }) => callId === alarm.callId)
    if (known !== undefined && known.revision >= alarm.revision) return false
    this.list = [...this.list.filter((other) => other !== known), alarm]
    return true
  }

  take(now: number, limit: number): Array<Alarm> {
    const due = this.list
      .filter(({ dueAt }) => dueAt <= now)
      .sort((a, b) => a.dueAt - b.dueAt)
      .slice(0, limit)
    this.list = this.list.filter((alarm) => !due.includes(alarm))
    return due
  }
}

it.prop(
  "the heap gives what a sorted list would give",
  { steps: Schema.Array(Step) },
  ({ steps }) => {
    const [heap, list] = [new AlarmHeap(), new SortedList()]
    for (const step of steps) {
      if (step._tag === "Add") {
        const one = alarm(step.dueAt, calls[step.call], step.revision)
        assert.strictEqual(heap.add(one), list.add(one))
      } else {
        assert.deepStrictEqual(heap.take(step.now, step.limit), list.take(step.now, step.limit))
      }
      assert.strictEqual(heap.size, list.list.length)
      for (const { tenantId } of calls) {
        assert.strictEqual(heap.sizeOf(tenantId), list.list.filter((one) => one.tenantId === tenantId).length)
      }
      // It may still name the time of an alarm that was replaced, so it may be early; late it must not be.
      for (const { dueAt } of list.list) assert.isAtMost(heap.earliest ?? Number.POSITIVE_INFINITY, dueAt)
    }
    assert.deepStrictEqual(heap.take(100, 100), list.take(100, 100))
    assert.deepStrictEqual([heap.size, heap.earliest], [0, undefined])
  },
  { arbitrary: { ...propertyRuns, size: 60 } }
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
