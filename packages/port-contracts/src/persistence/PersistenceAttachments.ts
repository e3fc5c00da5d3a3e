/** What every Persistence does with attachments: sealed text beside a stream, outside its history, that can be erased. */
import type { Commit, Persistence } from "@dueline/contracts/ports/Persistence"
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import * as OpsSample from "../queries/OpsSample.ts"
import { commit, load } from "./PersistenceProbe.ts"
import * as Sample from "../Sample.ts"

export const attachments = (it: Vitest.MethodsNonLive<Persistence>): void => {
  it.effect("an attachment that was set is kept by later commits until one erases it", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      yield* commit(Sample.commit(call, { sealed: { _tag: "set", value: "s3cr3t ✓" } }))
      assert.strictEqual((yield* load(call)).sealed, "s3cr3t ✓")
      yield* commit(Sample.commit(call, { expectedVersion: 1 }))
      assert.strictEqual((yield* load(call)).sealed, "s3cr3t ✓")
      yield* commit(Sample.commit(call, { expectedVersion: 2, sealed: { _tag: "erase" } }))
      assert.isNull((yield* load(call)).sealed)
      yield* commit(Sample.commit(call, { expectedVersion: 3 }))
      assert.isNull((yield* load(call)).sealed)
    })
  )

  it.effect("erasing what was never set is harmless", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      yield* commit(Sample.commit(call, { sealed: { _tag: "erase" } }))
      assert.isNull((yield* load(call)).sealed)
    })
  )

  it.effect("an attachment can be set anew on a stream that has one, and on one whose attachment was erased", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      yield* commit(Sample.commit(call))
      assert.isNull((yield* load(call)).sealed)
      const steps = ["first", "second", null, "third"]
      for (const [index, value] of steps.entries()) {
        const sealed = value === null ? ({ _tag: "erase" } as const) : ({ _tag: "set", value } as const)
        yield* commit(Sample.commit(call, { expectedVersion: index + 1, sealed }))
        assert.strictEqual((yield* load(call)).sealed, value)
      }
    })
  )

  it.effect("a customer's attachment is set, set anew, kept, erased and set again, as a call's", () =>
    Effect.gen(function* () {
      const { customer } = OpsSample.yard()
      const beside = OpsSample.customer(customer.tenantId)
      yield* commit(OpsSample.commit(beside, { sealed: { _tag: "set", value: "key.beside" } }))
      const steps: ReadonlyArray<readonly [Commit["sealed"], string | null]> = [
        [{ _tag: "keep" }, null],
        [{ _tag: "set", value: "key.profile-1" }, "key.profile-1"],
        [{ _tag: "keep" }, "key.profile-1"],
        [{ _tag: "set", value: "other-key.profile.2" }, "other-key.profile.2"],
        [{ _tag: "erase" }, null],
        [{ _tag: "erase" }, null],
        [{ _tag: "keep" }, null],
        [{ _tag: "set", value: "key.again" }, "key.again"]
      ]
      for (const [index, [sealed, expected]] of steps.entries()) {
        yield* commit(OpsSample.commit({ ...customer, version: index + 1 }, { sealed }))
        assert.strictEqual((yield* load(OpsSample.target(customer))).sealed, expected, `step ${index}`)
      }
      assert.strictEqual((yield* load(OpsSample.target(beside))).sealed, "key.beside")
    })
  )

  it.effect("attachments of customers keep to their tenant, and one batch may change many", () =>
    Effect.gen(function* () {
      const { customer } = OpsSample.yard()
      const theirs = { ...customer, tenantId: Sample.tenantId() }
      const others = Array.from({ length: 20 }, () => OpsSample.customer(customer.tenantId))
      const sealed = (value: string) => ({ sealed: { _tag: "set" as const, value: `key.${value}` } })
      yield* commit(
        OpsSample.commit(customer, sealed("mine")),
        OpsSample.commit(theirs, sealed("theirs")),
        ...others.map((other) => OpsSample.commit(other, sealed(other.customerId)))
      )
      yield* commit(
        OpsSample.commit(OpsSample.next(customer), { sealed: { _tag: "erase" } }),
        ...others.map((other) => OpsSample.commit(OpsSample.next(other), sealed(`${other.customerId}-b`)))
      )
      assert.isNull((yield* load(OpsSample.target(customer))).sealed)
      assert.strictEqual((yield* load(OpsSample.target(theirs))).sealed, "key.theirs")
      for (const other of others) {
        assert.strictEqual((yield* load(OpsSample.target(other))).sealed, `key.${other.customerId}-b`)
      }
    })
  )
}
