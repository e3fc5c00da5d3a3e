/** `dueline customer show`, `bin show`, `order show`: one of them as it is, or as it was. */
import { BinId, CustomerId, OrderId } from "@dueline/contracts/Ids"
import * as Command from "effect/cli/Command"
import { asOf, callFlags, idArgument, loadWhenRun } from "../flags.ts"
import type { FieldKind } from "./showField.ts"

const some = "018f3c1e-7b5a-8c3d-9e2f-0a1b2c3d4e5f"

const commandOf = <Id extends string>(kind: FieldKind, id: Parameters<typeof idArgument<Id>>[0], about: string) => {
  const show = Command.make(
    "show",
    { id: idArgument(id, `the id of a ${kind}, e.g. ${some}`, `The id of the ${kind}`), asOf },
    loadWhenRun(
      () => import("./showField.ts"),
      ({ showField }) => showField(kind)
    )
  ).pipe(
    Command.withDescription(`Show one ${kind}, as it is or as it was`),
    Command.withExamples([
      { command: `dueline ${kind} show ${some}`, description: "As it is" },
      { command: `dueline ${kind} show ${some} --as-of 2026-01-31T09:00:00Z`, description: "As it was then" }
    ])
  )
  return Command.make(kind).pipe(
    Command.withDescription(about),
    Command.withSubcommands([show]),
    Command.withGlobalFlags(callFlags)
  )
}

export const customer = commandOf("customer", CustomerId, "Look at customers")
export const bin = commandOf("bin", BinId, "Look at bins")
export const order = commandOf("order", OrderId, "Look at service orders")
