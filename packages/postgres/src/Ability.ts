/**
 * Whether a pool can do what it is there for: write. Every commit that succeeds says so. When none has for a while, or one has failed, a
 * probe writes into a table of its own. Said once per change, in words.
 *
 * A probe in an old row needs no new space, and passes on a disk that is too full for a commit; so after a disk was found full, probes bring
 * a quarter of a megabyte along, which has to be laid somewhere, until one of them passes.
 */
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Effect, Latch, type Scope } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { troubleWith } from "./DatabaseTrouble.ts"
import { serverWords } from "./SqlFailure.ts"

export interface Ability {
  /** Why it cannot write at the moment; null while it can, as far as anybody knows. */
  readonly trouble: () => string | null
  readonly committed: () => void
  readonly failed: (error: StoreUnavailable) => void
}

/** Between two probes of a pool that nobody commits with: while it is well, and while it is not. */
const [wellMs, unwellMs] = [8_000, 3_000]
/** A probe that takes longer has failed. */
const patience = "3 seconds"
/** After a probe that failed, however many commits fail meanwhile. */
const pauseMs = 250
const fillerBytes = 262_144

const isSqlError = (error: unknown): error is SqlError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "SqlError"

const wordsOf = (error: unknown): string => {
  if (!isSqlError(error)) return error instanceof Error ? error.message : "it does not answer"
  const trouble = troubleWith(error)
  return trouble._tag === "defect" ? serverWords(error).message : trouble.why
}

/** `53100` disk full, `58030` an input or output error; either may spare the row that a probe writes anew. */
const outOfSpace = (error: unknown): boolean => isSqlError(error) && /^(?:53100|58030)/u.test(serverWords(error).code)

/** `name` tells processes' pools apart in the log and in the table. The probes end with the scope. */
export const watchWrites = (sql: SqlClient, name: string): Effect.Effect<Ability, never, Scope.Scope> =>
  Effect.gen(function* () {
    const hurry = yield* Latch.make(false)
    let [trouble, full, committedLately]: [string | null, boolean, boolean] = [null, false, false]

    const tell = (why: string | null) =>
      Effect.suspend(() => {
        if (why === trouble) return Effect.void
        trouble = why
        return why === null
          ? Effect.annotateLogs(Effect.logInfo("the database takes writes again"), { pool: name })
          : Effect.annotateLogs(Effect.logError("the database takes no writes"), { pool: name, why })
      })

    const probe = Effect.suspend(() =>
      sql.unsafe("select dueline.probe($1::text, $2::int4)", [name, full ? fillerBytes : 0])
    ).pipe(
      Effect.timeoutOrElse({
        duration: patience,
        orElse: () => Effect.fail(new Error(`it does not answer within ${patience}`))
      }),
      Effect.matchEffect({
        onFailure: (error) => {
          full ||= outOfSpace(error)
          return Effect.andThen(tell(wordsOf(error)), Effect.sleep(pauseMs))
        },
        onSuccess: () => {
          full = false
          return tell(null)
        }
      })
    )

    const round = Effect.gen(function* () {
      yield* Effect.timeoutOption(hurry.await, trouble === null ? wellMs : unwellMs)
      const suspected = yield* Effect.sync(() => hurry.closeUnsafe())
      const idle = !committedLately
      committedLately = false
      if (suspected || idle || trouble !== null) yield* probe
    })
    yield* Effect.forkScoped(Effect.forever(round))

    return {
      trouble: () => trouble,
      committed: () => void (committedLately = true),
      failed: ({ cause }) => {
        full ||= outOfSpace(cause)
        hurry.openUnsafe()
      }
    }
  })
