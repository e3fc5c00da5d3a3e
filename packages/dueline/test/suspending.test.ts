/** Suspended tenants among the limits of the due loop. */
import type { TenantId } from "@dueline/contracts/Ids"
import * as Sample from "@dueline/port-contracts/Sample"
import { defaultFairQueueOptions, FairQueue } from "@dueline/timer/FairQueue"
import { unlimited } from "@dueline/timer/TenantLimits"
import { assert, describe, it } from "@effect/vitest"
import { suspending } from "../src/work/Orchestrating.ts"

const [acme, other] = [Sample.tenantId(), Sample.tenantId()]
const alarm = (tenantId: TenantId) => ({
  tenantId,
  callId: Sample.callId(),
  revision: 1,
  dueAt: 0,
  target: Sample.host
})

describe("a suspended tenant", () => {
  it("starts nothing, however many processes divide the limits, and holds nobody else up", {
    tags: ["ADR-0034.2"]
  }, () => {
    let suspended: ReadonlyMap<TenantId, string> = new Map([[acme, "unpaid"]])
    const queue = new FairQueue({
      ...defaultFairQueueOptions,
      limits: suspending(
        { ...unlimited, overrides: new Map([[acme, { concurrency: 5, weight: 2 }]]) },
        () => suspended
      ),
      processes: () => 3
    })
    const [waiting, free] = [alarm(acme), alarm(other)]
    queue.add(waiting, 0)
    queue.add(free, 0)
    assert.deepStrictEqual(queue.take(0, 10), [free])
    assert.strictEqual(queue.nextWakeAt(1_000_000), Number.POSITIVE_INFINITY)
    suspended = new Map()
    assert.deepStrictEqual(queue.take(1_000_001, 10), [waiting])
  })

  it("leaves its other limits as they are, and the limits the same object while nobody is suspended or resumed", () => {
    const limits = { ...unlimited, overrides: new Map([[acme, { weight: 2 }]]) }
    let suspended: ReadonlyMap<TenantId, string> = new Map()
    const current = suspending(limits, () => suspended)
    assert.strictEqual(current(), limits)
    suspended = new Map([[acme, "unpaid"]])
    assert.deepStrictEqual(current().overrides.get(acme), { weight: 2, concurrency: 0 })
    assert.strictEqual(current(), current())
    suspended = new Map()
    assert.strictEqual(current(), limits)
  })
})
