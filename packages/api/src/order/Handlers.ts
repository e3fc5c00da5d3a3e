/** The operations on service orders, joined to the API definition. */
import { Api } from "@dueline/contracts/api/Api"
import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { leanGroup } from "../leanGroup.ts"
import { makeOrderCommands } from "./commands.ts"
import { makeCreateOrder } from "./create.ts"
import { makeOrderReads } from "./reads.ts"

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const create = yield* makeCreateOrder
    const { addItems, cancel, complete, confirm, move, schedule } = yield* makeOrderCommands
    const { get, list } = yield* makeOrderReads
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "orders", (handlers) =>
        handlers
          .handleRaw("create", create)
          .handle("list", list)
          .handle("get", get)
          .handleRaw("addItems", addItems)
          .handleRaw("schedule", schedule)
          .handleRaw("move", move)
          .handle("confirm", confirm)
          .handle("cancel", cancel)
          .handle("complete", complete)
      )
    )
  })
)
