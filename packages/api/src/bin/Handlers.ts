/** The operations on bins, joined to the API definition. */
import { Api } from "@dueline/contracts/api/Api"
import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { leanGroup } from "../leanGroup.ts"
import { makeBinCommands } from "./commands.ts"
import { makeBinReads } from "./reads.ts"

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const { capacity, create, retire, update } = yield* makeBinCommands
    const { get, list } = yield* makeBinReads
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "bins", (handlers) =>
        handlers
          .handleRaw("create", create)
          .handle("list", list)
          .handle("get", get)
          .handleRaw("update", update)
          .handleRaw("capacity", capacity)
          .handle("retire", retire)
      )
    )
  })
)
