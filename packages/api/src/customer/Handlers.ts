/** The operations on customers, joined to the API definition. */
import { Api } from "@dueline/contracts/api/Api"
import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { leanGroup } from "../leanGroup.ts"
import { makeCustomerCommands } from "./commands.ts"
import { makeCustomerReads } from "./reads.ts"

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const { erase, register, update } = yield* makeCustomerCommands
    const { get, list } = yield* makeCustomerReads
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "customers", (handlers) =>
        handlers
          .handleRaw("register", register)
          .handle("list", list)
          .handle("get", get)
          .handleRaw("update", update)
          .handle("erase", erase)
      )
    )
  })
)
