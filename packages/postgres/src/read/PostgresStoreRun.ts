/** A server's run by its start, which no two servers share to the microsecond. */
import { StoreRun } from "@dueline/contracts/ports/CacheStore"
import { Effect, Layer } from "effect"
import { Database } from "../Database.ts"
import { reading } from "../SqlFailure.ts"

export const layer: Layer.Layer<StoreRun, never, Database> = Layer.effect(
  StoreRun,
  Effect.map(Database, ({ writer }) =>
    StoreRun.of({
      current: writer
        .unsafe<{ readonly run: string }>("select extract(epoch from pg_postmaster_start_time())::text as run")
        .pipe(
          Effect.map(([row]) => row?.run ?? ""),
          reading("look for the server's start")
        )
    })
  )
)
