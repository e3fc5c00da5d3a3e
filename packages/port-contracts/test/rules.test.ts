/** What the kinds require of each other, spelled out: the suites ask stores by the same functions, and would follow a change without a word. */
import { BinId, CustomerId } from "@dueline/contracts/Ids"
import { binFits } from "@dueline/contracts/bin/Bin"
import { customerActive } from "@dueline/contracts/customer/Customer"
import { fieldsOf, opsCategories, rulesOf } from "@dueline/contracts/kinds"
import { binFree, customerFree } from "@dueline/contracts/order/Order"
import type { Rules } from "@dueline/contracts/Rules"
import { StoreRule } from "@dueline/contracts/StoreRule"
import { assert, describe, it } from "@effect/vitest"

const binId = BinId.make("00000000-0000-7000-8000-000000000001")
const customerId = CustomerId.make("00000000-0000-7000-8000-000000000002")
const active = { field: "status", is: ["Scheduled", "Confirmed"] }

describe("rules between aggregates", () => {
  it("say what an order requires of its customer and its bin, and which of the two it has to itself", () => {
    assert.deepStrictEqual<unknown>(customerActive(customerId), {
      _tag: "RowIs",
      kind: "customer",
      id: customerId,
      missing: "customer_missing",
      unless: [{ field: "status", is: ["Erased"], rule: "customer_erased" }],
      hold: "share"
    })
    assert.deepStrictEqual<unknown>(binFits(binId, customerId), {
      _tag: "RowIs",
      kind: "bin",
      id: binId,
      missing: "bin_missing",
      unless: [
        { field: "status", is: ["Retired"], rule: "bin_retired" },
        { field: "status", isNot: ["Active"], rule: "bin_in_maintenance" },
        { field: "customerId", isNot: [null, customerId], rule: "bin_of_another_customer" }
      ],
      hold: "update"
    })
  })

  it("say what a bin and a customer require of orders", () => {
    const free = { _tag: "NoRow", kind: "order", when: [active] }
    assert.deepStrictEqual<unknown>(customerFree(customerId), {
      ...free,
      where: { customerId },
      rule: "customer_in_use",
      hold: { kind: "customer", id: customerId }
    })
    const bin = { ...free, where: { binId }, rule: "bin_in_use", hold: { kind: "bin", id: binId } }
    assert.deepStrictEqual<unknown>(binFree(binId, null), bin)
    const when = [active, { field: "customerId", isNot: [customerId] }]
    assert.deepStrictEqual<unknown>(binFree(binId, customerId), { ...bin, when })
  })

  it("have names of their own, which are all that a store can say", () => {
    const names = opsCategories.flatMap((kind) => {
      const { apart, required, unique }: Rules = rulesOf(kind)
      return [...required, ...[...unique, ...apart].map(({ rule }) => rule)]
    })
    assert.strictEqual(new Set(names).size, names.length)
    assert.deepStrictEqual<ReadonlyArray<string>>(StoreRule.literals, names)
    assert.sameMembers(names, [
      "customer_missing",
      "customer_erased",
      "customer_in_use",
      "bin_missing",
      "bin_retired",
      "bin_in_maintenance",
      "bin_of_another_customer",
      "bin_in_use",
      "serial_taken",
      "window_taken",
      "source_name_taken"
    ])
  })

  it("are about fields that their kind declares", () => {
    for (const kind of opsCategories) {
      const { apart, unique }: Rules = rulesOf(kind)
      const named = [
        ...unique.flatMap(({ fields }) => fields),
        ...apart.flatMap(({ alike, from, to, when }) => [...alike, from, to, when.field])
      ]
      assert.includeMembers(Object.keys(fieldsOf(kind)), named)
    }
  })
})
