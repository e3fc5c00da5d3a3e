/** What a customer answers, and what is kept of one who is forgotten. */
import { assert, describe, it } from "@effect/vitest"
import {
  CustomerIdTaken,
  CustomerInUse,
  CustomerIsErased,
  CustomerNotFound
} from "@dueline/contracts/customer/Customer"
import { customerFree } from "@dueline/contracts/order/Order"
import { Result } from "effect"
import { Customer } from "../src/aggregates/Customer.ts"
import { AggregateUnderTest } from "./AggregateUnderTest.ts"
import * as Field from "./FieldSample.ts"
import { given } from "./given.ts"

const { customerId, erased, registered } = Field

describe("a customer", () => {
  it("is registered once, and hearing it again changes nothing", () => {
    given(Customer, []).when(Field.register()).then([registered])
    given(Customer, [registered]).when(Field.register()).then([])
  })

  it("does not share its id with another request", () =>
    given(Customer, [registered])
      .when(Field.register({ fingerprint: "f2" }))
      .thenRejected(new CustomerIdTaken({ customerId })))

  it("is told apart from one that never was", () => {
    given(Customer, []).when(Field.updateCustomer()).thenRejected(new CustomerNotFound({ customerId }))
    given(Customer, []).when(Field.erase()).thenRejected(new CustomerNotFound({ customerId }))
  })

  it("changes by what is said to be different, and not when nothing is", () => {
    given(Customer, [registered]).when(Field.updateCustomer()).then([Field.customerUpdated])
    given(Customer, [registered])
      .when(Field.updateCustomer({ fields: [] }))
      .then([])
  })

  it("is erased for ever: the same again is done already, and everything else is refused", () => {
    const gone = [registered, erased]
    given(Customer, [registered]).when(Field.erase()).then([erased])
    given(Customer, gone).when(Field.erase()).then([])
    given(Customer, gone).when(Field.register()).then([])
    given(Customer, gone).when(Field.updateCustomer()).thenRejected(new CustomerIsErased({ customerId }))
  })

  it("leaves nothing personal in what is stored, told and answered", () => {
    const on = new AggregateUnderTest(Customer, (command) => Field.envelope(command))
    for (const command of [Field.register(), Field.updateCustomer(), Field.erase()]) on.ask(command)
    const kept = on.turns.map(({ answer, commit }) => [commit?.events, commit?.outbox, commit?.row, answer])
    assert.notInclude(JSON.stringify([kept, on.memory.recent]), "profile")
    assert.deepStrictEqual(
      on.turns.map(({ commit }) => commit?.sealed),
      [{ _tag: "set", value: "key.profile-1" }, { _tag: "set", value: "key.profile-2" }, { _tag: "erase" }]
    )
  })

  it("keeps the profile it has when an update changes nothing", () => {
    const on = new AggregateUnderTest(Customer, (command) => Field.envelope(command))
    on.ask(Field.register())
    on.ask(Field.updateCustomer({ fields: [], sealed: "key.other" }))
    assert.strictEqual(on.memory.sealed, "key.profile-1")
  })

  it("is erased only while nothing is scheduled for it", () => {
    const on = new AggregateUnderTest(Customer, (command) => Field.envelope(command))
    on.ask(Field.register())
    const { after, answer, commit } = on.ask(Field.erase())
    assert.isTrue(Result.isSuccess(answer))
    assert.deepStrictEqual(commit?.requires, [customerFree(customerId)])
    const refused = Customer.refuse("customer_in_use", Field.erase(), after.state)
    assert.deepStrictEqual(refused, new CustomerInUse({ customerId }))
  })
})
