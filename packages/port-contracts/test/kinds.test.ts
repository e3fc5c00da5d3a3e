import { assert, describe, it } from "@effect/vitest"
import type { BinCommand, BinOutcome, BinRejection, BinRow } from "@dueline/contracts/bin/Bin"
import {
  categories,
  type Category,
  categoryOf,
  categoryOfRow,
  type Command,
  type CommandOf,
  fieldsOf,
  joinTables,
  kinds,
  opsCategories,
  type OpsCategory,
  type OutcomeOf,
  type ReadModelRow,
  type RejectionOf,
  type RowOf,
  streamIdOf
} from "@dueline/contracts/kinds"
import type {
  ServiceCallCommand,
  ServiceCallOutcome,
  ServiceCallRejection
} from "@dueline/contracts/serviceCall/Command"

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false

describe("kinds of aggregates", () => {
  it("derive for each command the answers of its own kind, in the types too", () => {
    const same: [
      Same<CommandOf<"bin">, BinCommand>,
      Same<OutcomeOf<BinCommand>, BinOutcome>,
      Same<RejectionOf<BinCommand>, BinRejection>,
      Same<RowOf<"bin">, BinRow>,
      Same<OutcomeOf<ServiceCallCommand>, ServiceCallOutcome>,
      Same<RejectionOf<ServiceCallCommand>, ServiceCallRejection>
    ] = [true, true, true, true, true, true]
    assert.isTrue(same.every(Boolean))
  })

  it("claim each command and each row once", () => {
    const commands = categories.flatMap((category) => Object.keys(kinds[category].command.cases))
    assert.strictEqual(new Set(commands).size, commands.length)
    const rows = categories.map((category) => kinds[category].rowTag)
    assert.strictEqual(new Set<string>(rows).size, rows.length)
  })

  it("are read as documents, with fields to filter by, unless they keep columns and have queries of their own", () => {
    const columns: Same<OpsCategory, Exclude<Category, "service-call">> = true
    assert.isTrue(columns)
    assert.deepStrictEqual<ReadonlyArray<Category>>(
      opsCategories,
      categories.filter((category) => category !== "service-call")
    )
    for (const kind of opsCategories) {
      assert.includeMembers(Object.keys(fieldsOf(kind)), ["status", "createdAt", "updatedAt", "version"])
    }
  })

  it("find the kind and the stream of every command by its tag", () => {
    for (const category of categories) {
      for (const _tag of Object.keys(kinds[category].command.cases)) {
        const command = { _tag, [kinds[category].id]: "an id" } as unknown as Command
        assert.strictEqual(categoryOf(command), category)
        assert.strictEqual(streamIdOf(command) as string, "an id")
      }
    }
  })

  it("refuse a command and a row that belong to none, instead of taking them for another kind's", () => {
    const command = { _tag: "CreateVehicle", vehicleId: "an id", customerId: "another" } as unknown as Command
    assert.throws(() => categoryOf(command), "CreateVehicle belongs to no kind")
    assert.throws(() => streamIdOf(command), "CreateVehicle belongs to no kind")
    assert.throws(
      () => categoryOfRow({ _tag: "VehicleRow" } as unknown as ReadModelRow),
      "VehicleRow belongs to no kind"
    )
  })

  it("share no topic, problem code or scope", () => {
    assert.throws(() => joinTables([{ bin_retired: 1 }, { bin_retired: 2 }]), /bin_retired stands in two tables/u)
    const all = categories.map((category) => kinds[category])
    for (const tables of [
      all.map(({ topics }) => topics),
      all.map(({ missing, problems }) => ({ ...missing, ...problems }))
    ])
      assert.lengthOf(Object.keys(joinTables<unknown>(tables)), tables.flatMap((table) => Object.keys(table)).length)
    assert.lengthOf(new Set(all.map(({ scope }) => scope)), categories.length)
  })
})
