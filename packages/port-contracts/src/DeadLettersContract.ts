/** What every DeadLetters does. The port only takes, so the suite wants a way to look at what was kept. */
import { type DeadLetter, DeadLetters } from "@dueline/contracts/ports/DeadLetters"
import type { TenantId } from "@dueline/contracts/Ids"
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import * as Bus from "./EventBusProbe.ts"
import { type Harness, judge } from "./Harness.ts"
import * as Sample from "./Sample.ts"

type It<R> = Vitest.MethodsNonLive<DeadLetters | R>

export interface DeadLettersHarness<R> extends Harness<DeadLetters | R> {
  /** What is kept of one tenant, in any order. */
  readonly kept: (tenantId: TenantId) => Effect.Effect<ReadonlyArray<DeadLetter>, unknown, R>
}

const letter = (tenantId: TenantId, changes: Partial<DeadLetter> = {}): DeadLetter => ({
  message: Bus.message(tenantId, { n: 1 }),
  group: "invoices",
  reasons: ["first", "second"],
  ...changes
})

const keep = (one: DeadLetter) => Effect.flatMap(DeadLetters, (letters) => letters.keep(one))

const keeping = <R>(it: It<R>, { kept }: DeadLettersHarness<R>) => {
  it.effect("a letter is kept whole", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const payload = { deep: [1, null, { ünï: '\u{1F600} \u0001 \0 "' }], empty: {}, text: "" }
      const whole = letter(tenant, { message: Bus.message(tenant, payload) })
      yield* keep(whole)
      assert.deepStrictEqual(yield* kept(tenant), [whole])
    })
  )

  it.effect("the same message of the same group is kept once, as it was told first", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const first = letter(tenant)
      yield* keep(first)
      yield* keep({ ...first, reasons: ["later"] })
      assert.deepStrictEqual(yield* kept(tenant), [first])
    })
  )

  it.effect("told many times at once, it is kept once", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const one = letter(tenant)
      yield* Effect.forEach(Array.from({ length: 8 }), () => keep(one), { concurrency: "unbounded" })
      assert.deepStrictEqual(yield* kept(tenant), [one])
    })
  )

  it.effect("every group has its own letter of a message, and every message its own of a group", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const one = letter(tenant)
      const all = [one, { ...one, group: "mails" }, letter(tenant)]
      for (const each of all) yield* keep(each)
      assert.sameDeepMembers([...(yield* kept(tenant))], all)
    })
  )

  it.effect("the same event id in another tenant is another letter", () =>
    Effect.gen(function* () {
      const [mine, theirs] = [Sample.tenantId(), Sample.tenantId()]
      const one = letter(mine)
      const other = { ...one, message: { ...one.message, tenantId: theirs } }
      yield* keep(one)
      yield* keep(other)
      assert.deepStrictEqual(yield* kept(mine), [one])
      assert.deepStrictEqual(yield* kept(theirs), [other])
    })
  )
}

const bounding = <R>(it: It<R>, { kept }: DeadLettersHarness<R>) => {
  it.effect("of many reasons the last twenty are kept, the last one last", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const reasons = Array.from({ length: 50 }, (_, n) => `reason ${n}`)
      yield* keep(letter(tenant, { reasons }))
      assert.deepStrictEqual((yield* kept(tenant))[0]?.reasons, reasons.slice(-20))
    })
  )

  it.effect("of a long reason the first 2,000 characters are kept, and what no table can hold is replaced", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      yield* keep(letter(tenant, { reasons: ["x".repeat(5_000), "nul \0", "half \uD83D"] }))
      assert.deepStrictEqual((yield* kept(tenant))[0]?.reasons, ["x".repeat(2_000), "nul \uFFFD", "half \uFFFD"])
    })
  )

  it.effect("a letter without a reason is kept too", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const bare = letter(tenant, { reasons: [] })
      yield* keep(bare)
      assert.deepStrictEqual(yield* kept(tenant), [bare])
    })
  )
}

export const suite = <R>(name: string, harness: DeadLettersHarness<R>): void =>
  judge("DeadLetters", name, harness, (it) => {
    keeping(it, harness)
    bounding(it, harness)
  })
