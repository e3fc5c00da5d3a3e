/** Random stories of a customer, a bin and an order: few values, so that the same is asked again and again in other states. */
import type { BinCommand } from "@dueline/contracts/bin/Bin"
import type { CustomerCommand } from "@dueline/contracts/customer/Customer"
import type { EpochMillis } from "@dueline/contracts/Ids"
import type { OrderCommand } from "@dueline/contracts/order/Order"
import { Schema } from "effect"
import * as Field from "./FieldSample.ts"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const storyOf = <S extends Schema.Top>(step: S) => Schema.Array(step).check(Schema.isMaxLength(40))

/** Milliseconds that pass before the step. */
const wait = between(0, 3_000)
/** Mostly the request that there is already. */
const fingerprint = Schema.Literals(["f1", "f1", "f1", "f2"])

const CustomerStep = Schema.Struct({
  wait,
  fingerprint,
  kind: Schema.Literals(["register", "update", "update", "update", "update", "nothing", "erase"]),
  fields: Schema.Array(Schema.Literals(["name", "email", "phone", "address", "notes"])).check(Schema.isMaxLength(3)),
  sealed: Schema.Literals(["key.profile-2", "key.profile-3"])
})
export const CustomerStory = storyOf(CustomerStep)

const customerCommand = (step: typeof CustomerStep.Type, at: EpochMillis): CustomerCommand => {
  const { fields, fingerprint, kind, sealed } = step
  if (kind === "register") return Field.register({ at, fingerprint, fields, sealed })
  if (kind === "erase") return Field.erase({ at })
  return Field.updateCustomer({ at, sealed, fields: kind === "nothing" ? [] : fields })
}

const BinStep = Schema.Struct({
  wait,
  fingerprint,
  kind: Schema.Literals(["create", "update", "update", "update", "capacity", "capacity", "retire"]),
  /** Bits: which of the description is named in a change. */
  named: between(0, 63),
  serialNumber: Schema.Literals(["SN-1", "SN-2"]),
  category: Schema.Literals(["skip", "tank"]),
  sizeLitres: Schema.Literals([700, 1_100, 1_100, 2_000]),
  capacityLitres: Schema.Literals([0, 700, 900, 1_100, 1_500]),
  location: Schema.Literals([0, 1, 2]),
  customer: between(0, 2),
  status: Schema.Literals(["Active", "Maintenance"])
})
export const BinStory = storyOf(BinStep)

const places = [null, { lat: 50.08, lon: 14.43 }, { lat: -33.9, lon: 18.42 }] as const

const binCommand = (step: typeof BinStep.Type, at: EpochMillis): BinCommand => {
  const { capacityLitres, category, fingerprint, kind, named, serialNumber, sizeLitres, status } = step
  const customerId = step.customer === 0 ? null : Field.customer(step.customer)
  const location = places[step.location] ?? null
  const bin = { serialNumber, category, sizeLitres, location, customerId }
  switch (kind) {
    case "create":
      return Field.createBin({ at, bin, capacityLitres: step.named === 0 ? null : capacityLitres, fingerprint })
    case "capacity":
      return Field.updateCapacity(capacityLitres, { at })
    case "retire":
      // Retiring ends the story, so it comes late or not at all.
      return named < 16 ? Field.retire({ at }) : Field.updateBin({}, { at })
    case "update": {
      const all = Object.entries({ ...bin, status })
      return Field.updateBin(Object.fromEntries(all.filter((_, i) => (named >> i) % 2 === 1)), { at })
    }
  }
}

const OrderStep = Schema.Struct({
  wait,
  fingerprint,
  kind: Schema.Literals([
    ...["create", "add", "add", "schedule", "schedule", "move", "move", "confirm", "confirm", "complete", "cancel"]
  ] as const),
  order: Schema.Literals(["delivery", "pickup", "swap"]),
  window: Schema.Literals([0, 1, 1, 2, 3]),
  items: Schema.Literals([0, 1, 2, 60]),
  atOnce: Schema.Boolean,
  /** An end is asked for by every fourth of those that could. */
  end: between(0, 3)
})
export const OrderStory = storyOf(OrderStep)

const windows = [null, Field.hours(8, 10), Field.hours(9, 12), Field.hours(10, 11)] as const

const orderCommand = (step: typeof OrderStep.Type, at: EpochMillis): OrderCommand => {
  const window = windows[step.window] ?? null
  const items = Array.from({ length: step.items }, (_, i) => Field.item(i + 1))
  const terms = Field.terms({ kind: step.order })
  switch (step.kind) {
    case "create":
      return Field.createOrder({ at, window, items, terms, schedule: step.atOnce, fingerprint: step.fingerprint })
    case "add":
      return { ...Field.addItems(items), at }
    case "schedule":
      return { ...Field.schedule(window), at }
    case "move":
      return { ...Field.move(window ?? Field.hours(8, 10)), at }
    case "confirm":
      return { ...Field.confirm, at }
    case "complete":
      return step.end > 0 ? { ...Field.confirm, at } : { ...Field.complete, at }
    default:
      return step.end > 0 ? { ...Field.schedule(window), at } : Field.cancelOrder({ at })
  }
}

/** The clock never runs back; the story begins when the sample does. */
const commandsBy =
  <Step extends { readonly wait: number }, C>(commandOf: (step: Step, at: EpochMillis) => C, first: C) =>
  (story: ReadonlyArray<Step>): ReadonlyArray<C> => {
    let now: number = Field.t0
    // One story in a few does not begin at the beginning: what is asked of nobody is asked too.
    const begins = (story[0]?.wait ?? 0) % 5 !== 0
    const commands = story.map((step) => commandOf(step, Field.ms((now += step.wait))))
    return begins ? [first, ...commands] : commands
  }

export const customerCommands = commandsBy(customerCommand, Field.register())
export const binCommands = commandsBy(binCommand, Field.createBin())
export const orderCommands = commandsBy(orderCommand, Field.createOrder())
