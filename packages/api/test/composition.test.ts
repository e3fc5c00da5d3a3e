/** What is left out of the edge, by its types and at run time. */
import { Api } from "@dueline/contracts/api/Api"
import { NotFound } from "@dueline/contracts/api/ProblemError"
import { BinIsRetired, BinNotFound, type BinRejection, SerialNumberTaken } from "@dueline/contracts/bin/Bin"
import { BinId } from "@dueline/contracts/Ids"
import type { Category } from "@dueline/contracts/kinds"
import { VersionMismatch } from "@dueline/contracts/ports/Orchestrator"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, type Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { refusedChange, refusedCreation, keyReused, notFound, type Refusals } from "../src/requests/refusal.ts"
import { kindHandlers } from "../src/Routes.ts"
import { tenant } from "./Edge.ts"

const binId = BinId.make("2b8e6c41-93d7-8f05-b6a2-4c1d7e9f3085")

const some = {
  BinNotFound: notFound("bin_not_found"),
  BinIsRetired: { code: "bin_retired", advice: "Create another bin.", existing: true },
  SerialNumberTaken: { code: "serial_number_taken", advice: ({ serialNumber }) => `${serialNumber} is taken.` },
  BinIdTaken: keyReused
} as const satisfies Partial<Refusals<BinRejection>>

/** For the compiler alone: it is never called. */
const leftOut = () => {
  const { bin: _bin, ...others } = kindHandlers
  // @ts-expect-error a kind of aggregate without handlers
  void (others satisfies Readonly<Record<Category, Layer.Any>>)
  // @ts-expect-error rejections without an entry
  void (some satisfies Refusals<BinRejection>)
  // @ts-expect-error a code that there is not
  notFound("nothing_not_found")
  // @ts-expect-error a rejection of another kind
  refusedChange(some)({ _tag: "OrderNotFound" }, tenant)
  // @ts-expect-error operations without a handler
  HttpApiBuilder.group(Api, "bins", (handlers) => handlers.handle("retire", () => Effect.never))
}

it("the edge names what is left out to the compiler", () => assert.isFunction(leftOut))

describe("refusals", () => {
  it.effect("a rejection becomes the problem that its entry says", () =>
    Effect.gen(function* () {
      const missing = yield* Effect.flip(refusedChange(some)(new BinNotFound({ binId }), tenant))
      assert.instanceOf(missing, NotFound)
      assert.deepInclude(missing, { code: "bin_not_found", status: 404 })
      const taken = new SerialNumberTaken({ binId, serialNumber: "A-1" })
      const created = yield* Effect.flip(refusedCreation(some)(taken, tenant))
      assert.deepInclude(created, { code: "serial_number_taken", status: 409, detail: "A-1 is taken." })
    })
  )

  it.effect("what only an existing aggregate can meet is a defect where one is created", () =>
    Effect.gen(function* () {
      for (const refusal of [new BinIsRetired({ binId }), new VersionMismatch({ expected: 1, actual: 2 })]) {
        const exit = yield* Effect.exit(refusedCreation(some)(refusal, tenant))
        assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause), refusal._tag)
        assert.isFalse(Exit.isFailure(exit) && Cause.hasFails(exit.cause), refusal._tag)
      }
    })
  )

  it.effect("what a change cannot meet is a defect there too", () =>
    Effect.gen(function* () {
      const refused = refusedChange(some, ["BinIsRetired"])
      const exit = yield* Effect.exit(refused(new BinIsRetired({ binId }), tenant))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      const stale = yield* Effect.flip(refused(new VersionMismatch({ expected: 1, actual: 2 }), tenant))
      assert.deepInclude(stale, { code: "version_mismatch", conflict: { expectedVersion: 1, actualVersion: 2 } })
    })
  )
})
