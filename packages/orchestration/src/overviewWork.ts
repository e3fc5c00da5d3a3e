/**
 * Looks now and then how far the work behind the log is behind, and says so when it is too far: once when it begins, once when it is over. Keeps
 * what overviews show counted, step by step as the log grows: one process at a time, though two would do no harm.
 */
import { Overviews, type WaitingThings } from "@dueline/contracts/ports/Overviews"
import { orLogged } from "@dueline/contracts/storeTrouble"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { Clock, Effect } from "effect"

/** Of the process that looks: milliseconds that the lease lasts, until it is extended, and until others ask for it again. */
export const watchLeadership = { name: "behind", ttlMs: 15_000, extendMs: 5_000, retryMs: 5_000 }

const lookMs = 15_000
/** Sealing and counting are a second or two behind, and after an upgrade as long as the past takes. */
export const boundMs = 600_000

const words = {
  sealing: "what happened is not sealed into the audit tree: nobody could prove that it was not changed since",
  counting: "what happened is not counted: overviews show what was"
} as const

type Work = keyof typeof words
const works: ReadonlyArray<Work> = ["sealing", "counting"]

export const makeWatch = Effect.gen(function* () {
  const { behind } = yield* Overviews
  const { countingLag } = yield* Metrics
  return (mayAct: () => boolean): Effect.Effect<never> => {
    const told = new Set<Work>()
    let lagMs = 0
    countingLag.read = () => lagMs / 1_000

    const tell = Effect.fnUntraced(function* (work: Work, { count, more, oldestAt }: WaitingThings, now: number) {
      const ageMs = oldestAt === null ? 0 : Math.max(0, now - oldestAt)
      if (work === "counting") lagMs = ageMs
      const late = ageMs > boundMs
      if (late === told.has(work)) return
      const facts = { work, events: `${count}${more ? "+" : ""}`, oldestSeconds: Math.round(ageMs / 1_000) }
      if (late) {
        told.add(work)
        return yield* Effect.annotateLogs(Effect.logWarning(words[work]), facts)
      }
      told.delete(work)
      yield* Effect.annotateLogs(Effect.logInfo("the work behind the log has caught up"), facts)
    })

    const look = Effect.gen(function* () {
      if (!mayAct()) return
      const now = yield* behind
      const at = yield* Clock.currentTimeMillis
      for (const work of works) yield* tell(work, now[work], at)
    })
    return look.pipe(
      orLogged("warning", "how far sealing and counting are behind could not be read; it is tried again"),
      Effect.andThen(Effect.sleep(lookMs)),
      Effect.forever,
      Effect.ensuring(Effect.sync(() => (countingLag.read = () => 0)))
    )
  }
})

/** Of the process that counts: milliseconds that the lease lasts, until it is extended, and until others ask for it again. */
export const countLeadership = { name: "call-counts", ttlMs: 10_000, extendMs: 3_000, retryMs: 3_000 }

/** Events that one step counts, about: a few tens of milliseconds of the database. */
const stepLimit = 5_000
/** Milliseconds from one look to the next while there is something to count, and while there is not. */
const countMs = 1_000
const idleMs = 2_000

export const makeCounting = Effect.map(Overviews, ({ count }) => (mayAct: () => boolean): Effect.Effect<never> => {
  const round = Effect.gen(function* () {
    while (mayAct()) {
      const seen = yield* count(stepLimit)
      // What is left of a long past is counted without a pause, yet in steps between which others get their turn.
      if (seen === null || seen < stepLimit / 2) return seen ?? 0
      yield* Effect.yieldNow
    }
    return 0
  })
  return round.pipe(
    orLogged("warning", "calls could not be counted for overviews; it is tried again"),
    Effect.flatMap((seen) => Effect.sleep(seen === undefined || seen > 0 ? countMs : idleMs)),
    Effect.forever
  )
})
