/**
 * Calls of flows through the queues of two processes and one store of places, against a plain model: what is under way of each flow, and in which
 * order its calls began.
 */
import type { TenantId } from "@dueline/contracts/Ids"
import { type FlowAnswer, type FlowHolder, flowPlaceMs } from "@dueline/contracts/ports/FlowPlaces"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import * as Sample from "@dueline/port-contracts/Sample"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { defaultDueQueueOptions, DueQueue } from "../src/DueQueue.ts"
import { type FlowAlarm, FlowGate, holderOf, lookAgainMs } from "../src/FlowGate.ts"
import { ended, started } from "./fairSample.ts"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

const limits: Readonly<Record<string, number>> = { one: 1, three: 3 }
const tenant: TenantId = Sample.tenantId()

/** What the store does, as plainly as it can be said. */
class Places {
  readonly held = new Map<string, Set<string>>()

  of(key: string): Set<string> {
    const known = this.held.get(key) ?? new Set<string>()
    this.held.set(key, known)
    return known
  }

  take({ callId, flow }: FlowAlarm): FlowAnswer {
    const held = this.of(flow.key)
    held.delete(callId)
    const limit = limits[flow.key] ?? 0
    if (held.size >= limit) return { _tag: "Full", taken: held.size, limit }
    held.add(callId)
    return { _tag: "Granted" }
  }

  release(holders: ReadonlyArray<FlowHolder>): void {
    for (const { callId, key } of holders) this.of(key).delete(callId)
  }
}

const makeProcess = (places: Places) => {
  const queue = new DueQueue({ ...defaultDueQueueOptions, flows: true })
  return {
    queue,
    /** Gives back and asks, as the due loop does. */
    tend: (now: number, trouble: boolean) => {
      const freed = queue.takeFreed()
      places.release(freed)
      queue.freed(freed, now)
      for (const alarm of queue.asks(now, 16)) queue.placed(alarm, trouble ? null : places.take(alarm), now)
    }
  }
}

const Step = Schema.Union([
  Schema.TaggedStruct("Due", {
    flow: Schema.Literals(["one", "three", "none"]),
    by: between(0, 1),
    late: between(0, 3)
  }),
  Schema.TaggedStruct("Due", {
    flow: Schema.Literals(["one", "three", "none"]),
    by: between(0, 1),
    late: between(0, 3)
  }),
  Schema.TaggedStruct("Start", { by: between(0, 1), count: between(1, 4), refused: Schema.Boolean }),
  Schema.TaggedStruct("End", { nth: between(0, 5), by: between(0, 1) }),
  Schema.TaggedStruct("Pass", { ms: Schema.Literals([1, lookAgainMs, 2_000]) }),
  Schema.TaggedStruct("Trouble", { by: between(0, 1) })
])

describe("calls of flows", () => {
  it.prop(
    "never exceed the places of their flow, whichever process starts them; none is lost, and none without a flow waits",
    { steps: Schema.Array(Step).check(Schema.isMaxLength(60)) },
    ({ steps }) => {
      const places = new Places()
      const processes = [makeProcess(places), makeProcess(places)] as const
      let now = 1_000_000
      const waiting = new Set<string>()
      const running: Array<Alarm> = []

      const start = (by: 0 | 1, count: number, refused: boolean) => {
        const { queue, tend } = processes[by]
        tend(now, false)
        for (const alarm of queue.take(now, count)) {
          assert.isTrue(waiting.has(alarm.callId), "taken twice")
          if (refused) {
            queue.answered(alarm, "idle", now)
            queue.add(alarm, now)
            continue
          }
          waiting.delete(alarm.callId)
          running.push(alarm)
          queue.started(started(alarm), now)
          queue.answered(alarm, "started", now)
          const { flow } = alarm
          if (flow === undefined) continue
          const under = running.filter((one) => one.flow?.key === flow.key)
          assert.isAtMost(under.length, limits[flow.key] ?? 0, `too many of ${flow.key}`)
        }
      }
      const end = (nth: number, by: 0 | 1) => {
        const alarm = running.splice(nth % Math.max(1, running.length), 1)[0]
        if (alarm === undefined) return
        const { flow, ...call } = alarm
        // The end is told where its writer is, which may be another process than the one that asked.
        processes[by].queue.ended(ended(call, flow === undefined ? {} : { flow: flow.key }), now)
        if (by === 1) processes[0].queue.ended(ended(call), now)
        else processes[1].queue.ended(ended(call), now)
      }

      for (const step of steps) {
        now += 1
        switch (step._tag) {
          case "Due": {
            const { by, flow, late } = step
            const alarm: Alarm = {
              tenantId: tenant,
              callId: Sample.callId(),
              revision: 1,
              dueAt: now - late,
              target: Sample.host,
              ...(flow === "none" ? {} : { flow: { key: flow, concurrency: limits[flow] ?? 1 } })
            }
            waiting.add(alarm.callId)
            processes[by as 0 | 1].queue.add(alarm, now)
            break
          }
          case "Start":
            start(step.by as 0 | 1, step.count, step.refused)
            break
          case "End":
            end(step.nth, step.by as 0 | 1)
            break
          case "Pass":
            now += step.ms
            break
          case "Trouble":
            processes[step.by as 0 | 1].tend(now, true)
        }
      }
      // Left alone, all of them are made.
      for (let round = 0; round < 400 && waiting.size + running.length > 0; round += 1) {
        now += lookAgainMs
        for (const by of [0, 1] as const) start(by, 100, false)
        for (const by of [0, 1] as const) end(0, by)
        for (const { tend } of processes) tend(now, false)
      }
      assert.strictEqual(waiting.size, 0, "left waiting")
      assert.isAbove(flowPlaceMs, lookAgainMs)
    }
  )

  it.prop(
    "of one flow begin in the order of their due times, and a flow that is full holds up no other",
    { due: Schema.Array(between(0, 50)).check(Schema.isMinLength(1), Schema.isMaxLength(40)) },
    ({ due }) => {
      const places = new Places()
      const { queue, tend } = makeProcess(places)
      const now = 1_000
      const alarms = due.map((dueAt) => ({
        tenantId: tenant,
        callId: Sample.callId(),
        revision: 1,
        dueAt,
        target: Sample.host,
        flow: { key: "one", concurrency: 1 }
      }))
      for (const alarm of alarms) queue.add(alarm, now)
      tend(now, false)
      const other = { ...alarms[0], callId: Sample.callId(), flow: { key: "three", concurrency: 3 } } as FlowAlarm
      queue.add(other, now)
      const began: Array<number> = []
      for (let n = 0; n <= alarms.length + 1; n += 1) {
        tend(now + n, false)
        for (const alarm of queue.take(now + n, 10)) {
          if (alarm.flow?.key === "one") began.push(alarm.dueAt)
          else assert.isAtMost(n, 1, "it was held up")
          queue.started(started(alarm), now + n)
          queue.answered(alarm, "started", now + n)
          queue.ended(ended(alarm, { flow: alarm.flow?.key ?? "" }), now + n)
        }
      }
      assert.deepStrictEqual(
        began,
        due.toSorted((a, b) => a - b)
      )
    }
  )
})

it("a turn of a line that has ended takes nothing from the flow's next line", () => {
  const gate = new FlowGate(10)
  const call = (): FlowAlarm => ({
    tenantId: tenant,
    callId: Sample.callId(),
    revision: 1,
    dueAt: 0 as FlowAlarm["dueAt"],
    target: Sample.host,
    flow: { key: "one", concurrency: 1 }
  })
  const [first, second] = [call(), call()]
  gate.add(first, 0)
  gate.freed(holderOf(first), 0)
  assert.deepStrictEqual(gate.asks(0, 1), [first])
  assert.isTrue(gate.answered(first, { _tag: "Granted" }, 0))
  gate.add(second, 1)
  assert.deepStrictEqual(gate.asks(1, 10), [second])
  assert.isFalse(gate.answered(second, { _tag: "Full", taken: 1, limit: 1 }, 1))
  assert.deepStrictEqual(gate.asks(1 + lookAgainMs, 10), [second])
})

it("a call that does not wait any more leaves the line of its flow, and its newer revision comes with a turn of its own", () => {
  const gate = new FlowGate(10)
  const call: FlowAlarm = {
    tenantId: tenant,
    callId: Sample.callId(),
    revision: 1,
    dueAt: 0 as FlowAlarm["dueAt"],
    target: Sample.host,
    flow: { key: "one", ratePerSecond: 0.1 }
  }
  gate.add(call, 0)
  assert.deepStrictEqual(gate.asks(0, 1), [call])
  assert.isFalse(gate.answered(call, { _tag: "Stale" }, 0))
  assert.strictEqual(gate.size, 0)
  assert.deepStrictEqual(gate.asks(100_000, 1), [])
  const moved = { ...call, revision: 2 }
  gate.add(moved, 100_000)
  assert.deepStrictEqual(gate.asks(100_000, 1), [moved])
})
