/** What is to be done about the call of a notification, for every order and every call there can be. */
import { assert, describe, it } from "@effect/vitest"
import type { EpochMillis } from "@dueline/contracts/Ids"
import { type OrderFacts, OrderStatus } from "@dueline/contracts/order/Order"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { ServiceCallStatus } from "@dueline/contracts/serviceCall/Command"
import { Schema } from "effect"
import { desiredCallOf, nextStep, type SeenCall, type Step } from "../src/OrderNotifications.ts"
import * as Field from "./FieldSample.ts"
import * as Sample from "./OrderSample.ts"

const small = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))

const Case = {
  status: OrderStatus,
  /** Hours after `t0` at which the window begins; 0 is no window, which only a draft and an ended order can have. */
  hours: small(5),
  leadHours: small(3),
  nowHours: small(6),
  call: Schema.NullOr(
    Schema.Struct({
      status: ServiceCallStatus,
      dueHours: small(5),
      attempt: small(2),
      handedBack: small(1),
      cancelRequested: Schema.Boolean
    })
  )
}
type Case = { readonly [K in keyof typeof Case]: (typeof Case)[K]["Type"] }

const at = (hours: number): EpochMillis => Field.ms(Field.t0 + hours * Sample.hour)

const orderOf = ({ hours, leadHours, status }: Case): OrderFacts => ({
  customerId: Field.customerId,
  binId: Field.binId,
  kind: "pickup",
  notifications: [{ url: Sample.urlOf(0), leadMs: leadHours * Sample.hour }],
  status,
  window: hours === 0 && status !== "Scheduled" && status !== "Confirmed" ? null : Sample.windowAt(hours),
  items: [],
  createdAt: Field.t0,
  updatedAt: Field.t0,
  endedAt: null
})

const callOf = ({ call }: Case): SeenCall | null => {
  if (call === null) return null
  const { attempt, cancelRequested, dueHours, handedBack, status } = call
  return { status, dueAt: at(dueHours), attempt, epoch: attempt + handedBack, cancelRequested }
}

const stepFor = (drawn: Case, call: SeenCall | null): Step | null => {
  const order = orderOf(drawn)
  const [notification] = order.notifications
  if (notification === undefined) throw new Error("the order has a notification")
  return nextStep(desiredCallOf(order, notification), call, at(drawn.nowHours))
}

/** What a step makes of a call when nobody interferes. */
const after = (call: SeenCall | null, step: Step): SeenCall => {
  const made: SeenCall = { status: "Scheduled", dueAt: Field.t0, attempt: 0, epoch: 0, cancelRequested: false }
  const known = call ?? made
  switch (step._tag) {
    case "Submit":
    case "Reserve":
    case "Reschedule":
      return { ...known, dueAt: step.dueAt }
    case "Cancel":
      return known.status === "Running" ? { ...known, cancelRequested: true } : { ...known, status: "Cancelled" }
  }
}

const options = { arbitrary: propertyRuns, tags: ["ADR-0019.1"] }

describe("the next step for a notification's call", () => {
  it.prop(
    "two steps at the most bring a call to where nothing is left to do",
    Case,
    (drawn) => {
      let call = callOf(drawn)
      const taken: Array<string> = []
      for (let step = stepFor(drawn, call); step !== null; step = stepFor(drawn, call)) {
        taken.push(step._tag)
        assert.isAtMost(taken.length, 2, taken.join())
        call = after(call, step)
      }
    },
    options
  )

  it.prop(
    "afterwards a call that nothing was sent for is due when the order says, or never",
    Case,
    (drawn) => {
      let call = callOf(drawn)
      for (let step = stepFor(drawn, call); step !== null; step = stepFor(drawn, call)) call = after(call, step)
      const { status, window } = orderOf(drawn)
      if (status === "Draft" || window === null) return assert.deepStrictEqual(call, callOf(drawn))
      if (status === "Completed" || status === "Cancelled") {
        return assert.isTrue(call?.status !== "Scheduled" && (call?.status !== "Running" || call.cancelRequested))
      }
      if (call?.status === "Scheduled" && call.epoch === 0) {
        assert.strictEqual(call.dueAt, window.from - drawn.leadHours * Sample.hour)
      }
      assert.isNotNull(call)
    },
    options
  )

  it.prop(
    "what was sent or has ended is not moved",
    Case,
    (drawn) => {
      const call = callOf(drawn)
      const step = stepFor(drawn, call)
      if (call === null || step === null) return
      assert.include(["Scheduled", "Running"], call.status)
      if (step._tag === "Reschedule") assert.deepStrictEqual([call.status, call.attempt], ["Scheduled", 0])
    },
    options
  )
})
