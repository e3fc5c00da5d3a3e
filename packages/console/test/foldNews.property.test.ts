/** A list of calls that goes on while calls change. */
import type { ServiceCallSummary } from "@dueline/contracts/api/ServiceCallView"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { foldNews } from "../src/calls/foldNews.ts"

const call = (n: number, version: number, status: string): ServiceCallSummary =>
  ({
    id: `call-${n}`,
    version,
    status,
    createdAt: new Date(n * 1_000).toISOString(),
    dueAt: new Date(n * 1_000).toISOString(),
    tags: [],
    request: { method: "GET", url: "https://example.com" }
  }) as unknown as ServiceCallSummary

const calls = fc
  .uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 20 })
  .chain((numbers) =>
    fc.tuple(
      ...numbers.map((n) =>
        fc
          .tuple(fc.integer({ min: 1, max: 5 }), fc.constantFrom("Failed", "Scheduled"))
          .map(([version, status]) => call(n, version, status))
      )
    )
  )

describe("news of calls", () => {
  it("change rows where they stand, never to an older version, and add what fits once, newest first", () => {
    fc.assert(
      fc.property(calls, calls, fc.boolean(), (shown, changed, complete) => {
        const list = [...shown].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
        const news = new Map(changed.map((one) => [one.id as string, one]))
        const { fresh, rows } = foldNews(list, news, { status: "Failed" }, complete)
        assert.deepStrictEqual(
          rows.map(({ id }) => id),
          list.map(({ id }) => id)
        )
        for (const [n, row] of rows.entries()) assert.isAtLeast(row.version, list[n]?.version ?? 0)
        for (const one of fresh) {
          assert.strictEqual(one.status, "Failed")
          assert.isFalse(list.some(({ id }) => id === one.id))
          assert.isTrue(complete || one.createdAt >= (list.at(-1)?.createdAt ?? ""))
        }
        const times = fresh.map(({ createdAt }) => createdAt)
        assert.deepStrictEqual(times, times.toSorted().toReversed())
      })
    )
  })
})
