/** What an order answers in every state, and the sentences that a table cannot say. */
import { assert, describe, it } from "@effect/vitest"
import {
  type OrderCommand,
  type OrderEvent,
  OrderIdTaken,
  OrderNotInState,
  OrderWindowMissing,
  TooManyItems
} from "@dueline/contracts/order/Order"
import { Result } from "effect"
import { Order } from "../src/aggregates/Order.ts"
import * as Field from "./FieldSample.ts"
import { given } from "./given.ts"

const { completed, confirmed, drafted, hours, moved, orderCancelled, orderId, pickedUp, scheduled } = Field

const histories = {
  None: [],
  Draft: [drafted()],
  Scheduled: [drafted(), scheduled()],
  Confirmed: [drafted(), scheduled(), confirmed],
  Completed: [drafted(), scheduled(), completed, pickedUp],
  Cancelled: [drafted(), orderCancelled]
} satisfies Record<string, ReadonlyArray<OrderEvent>>
type State = keyof typeof histories

const commands = {
  create: Field.createOrder(),
  createOther: Field.createOrder({ fingerprint: "f2" }),
  add: Field.addItems(),
  schedule: Field.schedule(),
  scheduleElsewhere: Field.schedule(hours(11, 12)),
  move: Field.move(hours(11, 12)),
  moveNowhere: Field.move(hours(8, 10)),
  confirm: Field.confirm,
  cancel: Field.cancelOrder(),
  complete: Field.complete
} satisfies Record<string, OrderCommand>

const none = ""
const no = "OrderNotInState"
const unknown = "OrderNotFound"
const known = { create: none, createOther: "OrderIdTaken" }
const over = { ...known, add: no, schedule: no, scheduleElsewhere: no, move: no, moveNowhere: no, confirm: no }
const holds = { ...known, add: "OrderItemsAdded", scheduleElsewhere: no, move: "OrderMoved", moveNowhere: none }
const ends = { cancel: "OrderCancelled", complete: "OrderCompleted PickupCompleted" }

/** Events by name, a rejection by its tag, nothing for a success that changes nothing. */
const table: Record<State, Record<keyof typeof commands, string>> = {
  None: {
    create: "OrderDrafted",
    createOther: "OrderDrafted",
    add: unknown,
    schedule: unknown,
    scheduleElsewhere: unknown,
    move: unknown,
    moveNowhere: unknown,
    confirm: unknown,
    cancel: unknown,
    complete: unknown
  },
  Draft: {
    ...over,
    ...ends,
    add: "OrderItemsAdded",
    schedule: "OrderScheduled",
    scheduleElsewhere: "OrderScheduled",
    complete: no
  },
  Scheduled: { ...holds, ...ends, schedule: none, confirm: "OrderConfirmed" },
  Confirmed: { ...holds, ...ends, schedule: no, confirm: none },
  Completed: { ...over, cancel: no, complete: none },
  Cancelled: { ...over, cancel: none, complete: no }
}

const told = (state: State, command: OrderCommand): string => {
  const history: ReadonlyArray<OrderEvent> = histories[state]
  const before = history.reduce((s, event) => Order.evolve(s, event, Field.t0), Order.initial)
  const decision = Order.decide(command, before)
  return Result.isSuccess(decision) ? decision.success.map(({ _tag }) => _tag).join(" ") : decision.failure._tag
}

describe("every state and every command", () => {
  for (const [state, row] of Object.entries(table) as ReadonlyArray<[State, Record<string, string>]>) {
    it(`${state} answers every command as the table says`, () => {
      const answers = Object.entries(commands).map(([name, command]) => [name, told(state, command)])
      assert.deepStrictEqual(Object.fromEntries(answers), row)
    })
  }
})

describe("an order", () => {
  it("can be scheduled as it is made, for the window it is made with", () => {
    const window = hours(8, 10)
    given(Order, [])
      .when(Field.createOrder({ schedule: true }))
      .then([drafted({ window }), scheduled(window)])
    given(Order, [])
      .when(Field.createOrder({ schedule: true, window: null }))
      .thenRejected(new OrderWindowMissing({ orderId }))
  })

  it("is scheduled for the window of its draft, or for another one, but never for none", () => {
    given(Order, [drafted()])
      .when(Field.schedule())
      .then([scheduled(hours(8, 10))])
    given(Order, [drafted()])
      .when(Field.schedule(hours(11, 12)))
      .then([scheduled(hours(11, 12))])
    given(Order, [drafted({ window: null })])
      .when(Field.schedule())
      .thenRejected(new OrderWindowMissing({ orderId }))
  })

  it("has to be confirmed again once it was moved, and tells where it came from", () => {
    const away = moved(hours(11, 12))
    given(Order, histories.Confirmed)
      .when(Field.move(hours(11, 12)))
      .then([away])
    given(Order, [...histories.Confirmed, away])
      .when(Field.confirm)
      .then([confirmed])
    given(Order, [...histories.Confirmed, away])
      .when(Field.move(hours(8, 10)))
      .then([moved(hours(8, 10), hours(11, 12))])
  })

  it("takes the bin with it unless it brought one", () => {
    for (const kind of ["pickup", "swap"] as const) {
      given(Order, [drafted({ kind }), scheduled()])
        .when(Field.complete)
        .then([completed, pickedUp])
    }
    given(Order, [drafted({ kind: "delivery" }), scheduled()])
      .when(Field.complete)
      .then([completed])
  })

  it("carries a hundred items and not one more", () => {
    const many = (n: number) => Array.from({ length: n }, () => Field.item())
    given(Order, [drafted()])
      .when(Field.addItems(many(99)))
      .then([{ _tag: "OrderItemsAdded", items: many(99) }])
    given(Order, [drafted()])
      .when(Field.addItems(many(100)))
      .thenRejected(new TooManyItems({ orderId, count: 101, limit: 100 }))
    given(Order, [])
      .when(Field.createOrder({ items: many(101) }))
      .thenRejected(new TooManyItems({ orderId, count: 101, limit: 100 }))
    given(Order, histories.Cancelled).when(Field.addItems([])).thenRejected(notIn("Cancelled"))
  })

  it("says in which states it could have done what was asked", () =>
    given(Order, histories.Completed).when(Field.cancelOrder()).thenRejected(notIn("Completed")))

  it("does not share its id with another request", () =>
    given(Order, [drafted()])
      .when(Field.createOrder({ fingerprint: "f2" }))
      .thenRejected(new OrderIdTaken({ orderId })))
})

const notIn = (status: "Cancelled" | "Completed") =>
  new OrderNotInState({ orderId, status, allowed: ["Draft", "Scheduled", "Confirmed"] })
