/** Everything that may be asked, whatever it is asked of, and what the answers to it look like. */
import { Schema } from "effect"
import { BinCommand } from "./bin/Command.ts"
import { BinOutcome } from "./bin/Outcome.ts"
import { BinRejection } from "./bin/Rejection.ts"
import { CustomerCommand } from "./customer/Command.ts"
import { CustomerOutcome } from "./customer/Outcome.ts"
import { CustomerRejection } from "./customer/Rejection.ts"
import type { StreamId } from "./Ids.ts"
import { OrderCommand } from "./order/Command.ts"
import { OrderOutcome } from "./order/Outcome.ts"
import { OrderRejection } from "./order/Rejection.ts"
import { ServiceCallCommand } from "./serviceCall/Command.ts"
import { ServiceCallOutcome } from "./serviceCall/Outcome.ts"
import { ServiceCallRejection } from "./serviceCall/Rejection.ts"

export type Command = ServiceCallCommand | CustomerCommand | BinCommand | OrderCommand

export type OutcomeOf<C extends Command> = C extends ServiceCallCommand
  ? ServiceCallOutcome
  : C extends CustomerCommand
    ? CustomerOutcome
    : C extends BinCommand
      ? BinOutcome
      : C extends OrderCommand
        ? OrderOutcome
        : never

export type RejectionOf<C extends Command> = C extends ServiceCallCommand
  ? ServiceCallRejection
  : C extends CustomerCommand
    ? CustomerRejection
    : C extends BinCommand
      ? BinRejection
      : C extends OrderCommand
        ? OrderRejection
        : never

export const Command = Schema.Union([ServiceCallCommand, CustomerCommand, BinCommand, OrderCommand])
export const Outcome = Schema.Union([ServiceCallOutcome, CustomerOutcome, BinOutcome, OrderOutcome])
export const Rejection = Schema.Union([
  ...ServiceCallRejection.members,
  ...CustomerRejection.members,
  ...BinRejection.members,
  ...OrderRejection.members
])

/** The kinds of aggregate, as they stand beside every event. */
export const Category = Schema.Literals(["service-call", "customer", "bin", "order"])
export type Category = typeof Category.Type

export const categoryOf = (command: Command): Category =>
  "callId" in command ? "service-call" : "orderId" in command ? "order" : "binId" in command ? "bin" : "customer"

/** The stream a command is about. All ids have the form of a stream id; checking that again would cost more than deciding. */
export const streamIdOf = (command: Command): StreamId => {
  const id: string =
    "callId" in command
      ? command.callId
      : "orderId" in command
        ? command.orderId
        : "binId" in command
          ? command.binId
          : command.customerId
  return id as StreamId
}
