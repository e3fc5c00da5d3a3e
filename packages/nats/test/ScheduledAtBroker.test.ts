/** What this process remembers of the alarms that it has left with the server. */
import type { Alarm } from "@dueline/contracts/ports/Timer"
import { ScheduledAtBroker } from "@dueline/nats/timer/ScheduledAtBroker"
import * as Sample from "@dueline/port-contracts/Sample"
import { assert, describe, it } from "@effect/vitest"

const alarm = (changes: Partial<Alarm> = {}): Alarm => ({
  ...Sample.target(),
  revision: 1,
  dueAt: 1_000,
  target: "api.example.com",
  ...changes
})

describe("alarms left with the server", () => {
  it("an older revision is out of date, the same one is known, a newer one is neither", () => {
    const alarms = new ScheduledAtBroker(10)
    const two = alarm({ revision: 2 })
    assert.isFalse(alarms.isOutdated(two))
    assert.isFalse(alarms.has(two))
    alarms.add(two)
    assert.isTrue(alarms.isOutdated({ ...two, revision: 1 }))
    assert.isFalse(alarms.isOutdated(two))
    assert.isTrue(alarms.has(two))
    assert.isFalse(alarms.has({ ...two, revision: 3 }))
    assert.isFalse(alarms.isOutdated({ ...two, tenantId: Sample.tenantId(), revision: 1 }))
  })

  it("one that was not taken, or waits elsewhere by now, may be left again; what is older stays out of date", () => {
    const alarms = new ScheduledAtBroker(10)
    const [refused, moved] = [alarm(), alarm()]
    alarms.add(refused)
    alarms.remove(refused)
    assert.isFalse(alarms.has(refused))
    alarms.add(moved)
    alarms.supersede({ ...moved, revision: 2 })
    assert.isFalse(alarms.has({ ...moved, revision: 2 }))
    assert.isTrue(alarms.isOutdated(moved))
    assert.deepStrictEqual(alarms.takeBack(0), [])
  })

  it("after a loss everything that is not over is told again, once", () => {
    const alarms = new ScheduledAtBroker(10)
    const [over, open] = [alarm({ dueAt: 1_000 }), alarm({ dueAt: 20_000 })]
    alarms.add(over)
    alarms.add(open)
    assert.deepStrictEqual(alarms.takeBack(10_000), [open])
    assert.deepStrictEqual(alarms.takeBack(10_000), [])
    alarms.add(open)
    assert.deepStrictEqual(alarms.takeBack(10_000), [open])
  })

  it("an older revision is remembered for as long as it may still ring", () => {
    const alarms = new ScheduledAtBroker(10)
    const late = alarm({ dueAt: 60_000 })
    alarms.add(late)
    alarms.add({ ...late, revision: 2, dueAt: 1_000 })
    alarms.forget(50_000)
    assert.isTrue(alarms.isOutdated(late))
    alarms.forget(66_000)
    assert.isFalse(alarms.isOutdated(late))
    assert.strictEqual(alarms.size, 0)
  })

  it("there are never more than the limit, and the oldest go first", () => {
    const alarms = new ScheduledAtBroker(3)
    const all = Array.from({ length: 10 }, () => alarm())
    for (const one of all) alarms.add(one)
    assert.strictEqual(alarms.size, 3)
    assert.deepStrictEqual(
      all.filter((one) => alarms.has(one)),
      all.slice(7)
    )
  })
})
