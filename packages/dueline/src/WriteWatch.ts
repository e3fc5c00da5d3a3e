/** Whether this process can write what its roles write: the store of the orchestrator, the tables of timer and dispatcher. */
import { Persistence, type StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import type { Role } from "@dueline/contracts/Role"
import { type Ability, watchWrites } from "@dueline/postgres/Ability"
import { Database } from "@dueline/postgres/Database"
import { Context, Effect, Layer } from "effect"

export class WriteWatch extends Context.Service<
  WriteWatch,
  {
    /** Why the process cannot write at the moment; null while it can, and when it has nothing to write. */
    readonly trouble: () => string | null
  }
>()("@dueline/dueline/WriteWatch") {}

/** The last commit decides: it is noted how each of them ended. A conflict is no trouble: the store has judged. */
const noting = (store: Persistence["Service"], { committed, failed }: Ability): Persistence["Service"] => ({
  ...store,
  commit: (batch) =>
    Effect.onExit(store.commit(batch), (exit) =>
      Effect.sync(() => {
        if (exit._tag === "Success") return committed()
        const trouble = exit.cause.reasons.find(
          (reason) => reason._tag === "Fail" && reason.error._tag === "StoreUnavailable"
        )
        if (trouble?._tag === "Fail") failed(trouble.error as StoreUnavailable)
      })
    )
})

/** Persistence as it is, and the watch beside it. */
export const layer = (roles: ReadonlySet<Role>): Layer.Layer<Persistence | WriteWatch, never, Persistence | Database> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const { worker, writer } = yield* Database
      const store = yield* Persistence
      const writing = roles.has("orchestrator") ? yield* watchWrites(writer, "writer") : null
      const working = roles.has("timer") || roles.has("dispatcher") ? yield* watchWrites(worker, "worker") : null
      const trouble = () => writing?.trouble() ?? working?.trouble() ?? null
      return Context.make(Persistence, writing === null ? store : noting(store, writing)).pipe(
        Context.add(WriteWatch, { trouble })
      )
    })
  )
