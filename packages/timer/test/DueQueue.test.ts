/** What holds keep from the fair queue, and how it comes out of there. */
import type { TenantId } from "@dueline/contracts/Ids"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import * as Sample from "@dueline/port-contracts/Sample"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { defaultDueQueueOptions, DueQueue } from "../src/DueQueue.ts"
import { type Hold, Holds, noHolds } from "../src/Holds.ts"

const [acme, other] = [Sample.tenantId(), Sample.tenantId()]

const alarm = (tenantId: TenantId, parts: Partial<Alarm> = {}): Alarm => ({
  tenantId,
  callId: Sample.callId(),
  revision: 1,
  dueAt: 0,
  target: Sample.host,
  ...parts
})

const hold = (parts: Partial<Hold>): Hold => ({
  id: `${parts.of}-${parts.key}`,
  tenantId: acme,
  of: "tenant",
  key: null,
  release: null,
  ...parts
})

/** A queue whose holds can be set. */
const world = (options: { readonly processes?: number; readonly alarmLimit?: number } = {}) => {
  let holds = noHolds
  const { alarmLimit = defaultDueQueueOptions.alarmLimit, processes = 1 } = options
  const queue = new DueQueue({ ...defaultDueQueueOptions, alarmLimit, holds: () => holds, processes: () => processes })
  return { queue, set: (...all: ReadonlyArray<Hold>) => (holds = new Holds(all)) }
}

describe("the place of a call of a flow", () => {
  it("is asked for like any other's when the call is due at once", { tags: ["ADR-0053.2"] }, () => {
    const one = { ...alarm(acme), flow: { key: "narrow", concurrency: 1 } }
    assert.isFalse(new DueQueue({ ...defaultDueQueueOptions, flows: true }).claim(one, 0))
    assert.isTrue(new DueQueue({ ...defaultDueQueueOptions, flows: false }).claim(one, 0))
  })

  it("is not given back for an attempt that ended while another place is asked for it, or its next start", () => {
    const queue = new DueQueue({ ...defaultDueQueueOptions, flows: true })
    const one = { ...alarm(acme), flow: { key: "narrow", concurrency: 1 } }
    const { callId, target, tenantId } = one
    const parts = { _tag: "AttemptEnded", tenantId, callId, epoch: 1, target, flow: "narrow" } as const
    const end = () => queue.ended({ ...parts, answered: false, pausedUntil: null }, 0)
    const freed = () => queue.takeFreed().map(({ key }) => key)
    queue.add(one, 0)
    const asked = queue.asks(0, 1)
    end()
    assert.deepStrictEqual(freed(), [], "asked for")
    for (const alarm of asked) queue.placed(alarm, { _tag: "Granted" }, 0)
    end()
    assert.deepStrictEqual(freed(), [], "granted")
    assert.deepStrictEqual(queue.take(0, 1), [one])
    end()
    assert.deepStrictEqual(freed(), [], "being started")
    queue.answered(one, "idle", 0)
    assert.deepStrictEqual(freed(), ["narrow"])
    end()
    assert.deepStrictEqual(freed(), ["narrow"])
  })

  it("is given back when its call does not run, and kept when it runs or nobody can say", {
    tags: ["ADR-0042.4"]
  }, () => {
    const freed = (["unsure", "idle"] as const).map((became) => {
      const queue = new DueQueue({ ...defaultDueQueueOptions, flows: true })
      const one = { ...alarm(acme), flow: { key: "narrow", concurrency: 1 } }
      queue.add(one, 0)
      for (const asked of queue.asks(0, 1)) queue.placed(asked, { _tag: "Granted" }, 0)
      assert.deepStrictEqual(queue.take(0, 1), [one])
      queue.answered(one, became, 0)
      return queue.takeFreed().map(({ key }) => key)
    })
    assert.deepStrictEqual(freed, [[], ["narrow"]])
  })

  const placed = () => {
    const queue = new DueQueue({ ...defaultDueQueueOptions, flows: true })
    const one = { ...alarm(acme), flow: { key: "narrow", concurrency: 1 } }
    queue.add(one, 0)
    for (const asked of queue.asks(0, 1)) queue.placed(asked, { _tag: "Granted" }, 0)
    return { queue, one }
  }

  it("is kept for as long as its call waits for its turn, and asked for anew once it is another's", {
    tags: ["ADR-0042.4"]
  }, () => {
    const { one, queue } = placed()
    assert.deepStrictEqual(queue.keeps(9_999, 10), [])
    assert.strictEqual(queue.nextWakeAt(9_999), 9_999, "it may start")
    assert.deepStrictEqual(queue.keeps(10_000, 10), [one])
    assert.deepStrictEqual(queue.keeps(10_001, 10), [], "it is told of already")
    queue.kept([one], [true], 10_002)
    assert.deepStrictEqual(queue.keeps(20_001, 10), [])
    assert.deepStrictEqual(queue.keeps(20_002, 10), [one])
    queue.kept([one], [false], 20_003)
    assert.deepStrictEqual(queue.take(20_003, 10), [])
    assert.deepStrictEqual(queue.asks(20_003, 10), [one])
  })

  it("lets no call start that nobody could say it is kept for", { tags: ["ADR-0042.4"] }, () => {
    for (const [at, starts] of [
      [25_000, true],
      [25_001, false]
    ] as const) {
      const { one, queue } = placed()
      queue.kept(queue.keeps(10_000, 10), null, 10_001)
      assert.deepStrictEqual(queue.take(at, 10), starts ? [one] : [])
      assert.deepStrictEqual(queue.asks(at, 10), starts ? [] : [one])
    }
  })
})

describe("a hold", () => {
  it("keeps a suspended tenant's calls, and holds nobody else up", { tags: ["ADR-0034.2"] }, () => {
    const { queue, set } = world({ processes: 3 })
    set(hold({ id: "suspended" }))
    const [waiting, free] = [alarm(acme), alarm(other)]
    queue.add(waiting, 0)
    queue.add(free, 0)
    assert.deepStrictEqual(queue.take(0, 10), [free])
    assert.strictEqual(queue.nextWakeAt(1_000_000), Number.POSITIVE_INFINITY)
    set()
    assert.deepStrictEqual(queue.take(1_000_001, 10), [waiting])
  })

  it("of a target or a tag keeps the calls that have it, also those that stood in line before", {
    tags: ["ADR-0042.1"]
  }, () => {
    const { queue, set } = world()
    const tagged = alarm(acme, { tags: ["a", "b"] })
    const elsewhere = alarm(acme, { target: "elsewhere.example.com" })
    const plain = alarm(acme)
    const others = alarm(other, { tags: ["b"] })
    for (const one of [tagged, elsewhere, plain, others]) queue.add(one, 0)
    set(hold({ of: "tag", key: "b" }), hold({ of: "target", key: "elsewhere.example.com" }))
    assert.deepStrictEqual(queue.take(1, 10), [plain, others])
    set(hold({ of: "tag", key: "b" }))
    assert.deepStrictEqual(queue.take(2, 10), [elsewhere])
    set(hold({ of: "tag", key: "a" }))
    assert.deepStrictEqual(queue.take(3, 10), [])
    set()
    assert.deepStrictEqual(queue.take(4, 10), [tagged])
  })

  it("that is over releases what was due by then at its rate, and nothing later", { tags: ["ADR-0042.2"] }, () => {
    const { queue, set } = world()
    set(hold({ id: "p" }))
    const due = Array.from({ length: 5 }, (_, n) => alarm(acme, { dueAt: n }))
    for (const one of due) queue.add(one, 10)
    set(hold({ id: "p", release: { at: 100, perSecond: 2 } }))
    const later = alarm(acme, { dueAt: 101 })
    queue.add(later, 101)
    assert.sameDeepMembers([...queue.take(101, 10)], [due[0] as Alarm, later])
    assert.strictEqual(queue.nextWakeAt(101), 601)
    assert.deepStrictEqual(queue.take(601, 10), due.slice(1, 2))
    assert.deepStrictEqual(queue.take(1_101, 10), due.slice(2, 3))
    set()
    assert.deepStrictEqual(queue.take(1_102, 10), due.slice(3))
  })

  it("that releases is divided among processes", () => {
    const { queue, set } = world({ processes: 4 })
    set(hold({ id: "p", release: { at: 100, perSecond: 2 } }))
    for (let n = 0; n < 3; n += 1) queue.add(alarm(acme), 10)
    assert.lengthOf(queue.take(100, 10), 1)
    assert.strictEqual(queue.nextWakeAt(100), 2_010)
  })

  it("keeps the newest revision of a call, and no more of one tenant than there is room left", () => {
    const { queue, set } = world({ alarmLimit: 4 })
    set(hold({ id: "p" }))
    const first = alarm(acme)
    const moved = { ...first, revision: 2, dueAt: 5 }
    queue.add(first, 0)
    queue.add(moved, 0)
    queue.add(first, 0)
    assert.strictEqual(queue.size, 1)
    for (let n = 0; n < 10; n += 1) queue.add(alarm(acme), 0)
    assert.strictEqual(queue.size, 2)
    set()
    assert.deepStrictEqual(queue.take(6, 10)[0], moved)
  })
})

const Step = Schema.Union([
  Schema.Struct({
    add: Schema.Struct({
      tenant: Schema.Literals([0, 1]),
      target: Schema.Literals(["a", "b"]),
      tags: Schema.Literals(["", "x", "y", "x y"])
    })
  }),
  Schema.Struct({
    holds: Schema.Array(
      Schema.Struct({
        tenant: Schema.Literals([0, 1]),
        what: Schema.Literals(["tenant", "target a", "tag x", "tag y"])
      })
    ).check(Schema.isMaxLength(3))
  }),
  Schema.Struct({ take: Schema.Literals([1, 2, 100]) })
])

describe("whatever begins and ends", () => {
  it.prop(
    "a call starts when nothing holds it, and only then; none is lost and none starts twice",
    { steps: Schema.Array(Step).check(Schema.isMaxLength(40)) },
    ({ steps }) => {
      const { queue, set } = world()
      const tenants = [acme, other] as const
      let holds: ReadonlyArray<Hold> = []
      const waiting = new Set<Alarm>()
      const isHeld = ({ tags = [], target, tenantId }: Alarm) =>
        holds.some(
          ({ key, of, tenantId: of_ }) =>
            of_ === tenantId &&
            (of === "tenant" || (of === "target" ? key === target : key !== null && tags.includes(key)))
        )
      let now = 0
      const take = (limit: number) => {
        for (const taken of queue.take(now, limit)) {
          assert.isTrue(waiting.delete(taken), "unknown, or taken before")
          assert.isFalse(isHeld(taken))
          queue.answered(taken, "idle", now)
        }
        if (limit >= 100) for (const left of waiting) assert.isTrue(isHeld(left), "nothing holds it")
      }
      for (const step of steps) {
        now += 1
        if ("add" in step) {
          const { tags, target, tenant } = step.add
          const one = alarm(tenants[tenant], { target, ...(tags === "" ? {} : { tags: tags.split(" ") }) })
          waiting.add(one)
          queue.add(one, now)
        } else if ("holds" in step) {
          holds = step.holds.map(({ tenant, what }, n) => {
            const [of = "", key = null] = what.split(" ")
            return hold({ id: `${n}`, tenantId: tenants[tenant], of: of as Hold["of"], key })
          })
          set(...holds)
        } else take(step.take)
      }
      holds = []
      set()
      take(100)
      assert.strictEqual(waiting.size, 0)
    }
  )
})
