/** Courier sources by their address: the one question the edge asks before it knows a tenant. */
import { type AddressedSource, CourierSources } from "@dueline/contracts/ports/Directories"
import { Effect, Layer } from "effect"
import { Database } from "../Database.ts"
import { reading } from "../SqlFailure.ts"

export const layer: Layer.Layer<CourierSources, never, Database> = Layer.effect(
  CourierSources,
  Effect.map(Database, ({ edge }) =>
    CourierSources.of({
      find: (id) =>
        edge
          .unsafe<{ readonly found: AddressedSource | null }>("select dueline.find_courier_source($1::uuid) as found", [
            id
          ])
          .pipe(
            Effect.map(([row]) => row?.found ?? null),
            reading("find a courier source")
          )
    })
  )
)
