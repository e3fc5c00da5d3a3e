/**
 * * Carries out bulk jobs: one process at a time looks for jobs that have something to do and takes each through its steps. * A step claims what it
 * will touch, does it item by item, writes down what became of each, and is counted. Whatever goes wrong in between, the step is done again with
 * the items that it claimed: those with a result are left alone, and the others are recognised by whom they are asked of. Two processes that both
 * believe to be the one do no harm for the same reason. * How fast a job may go: at its own rate while the writer answers at once, and ever slower
 * while it does not, since then commands that somebody waits for are queued. Halved after a step in which an answer took long, a quarter more after
 * each in which none did.
 */
import { systemEnvelope } from "@dueline/contracts/Envelope"
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import type { BulkJobCommand, BulkJobId, BulkJobRow } from "@dueline/contracts/bulkJob/BulkJob"
import { DeadLetterQueries, DeadLetters } from "@dueline/contracts/ports/DeadLetters"
import { Deliveries } from "@dueline/contracts/ports/Deliveries"
import { EventBus } from "@dueline/contracts/ports/EventBus"
import { type JobItem, JobItems, type Result } from "@dueline/contracts/ports/JobItems"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { CallQueries, OpsQueries } from "@dueline/contracts/ports/Queries"
import { orLogged } from "@dueline/contracts/storeTrouble"
import { Clock, Effect, FiberMap } from "effect"
import type { OccurrenceCallIdOf } from "../schedules/ScheduleFirer.ts"
import { makeCarryOut } from "../schedules/scheduleCalls.ts"
import { carryOut, type Found, inOrder, look, type Ports } from "./items.ts"
import { Hindered } from "./results.ts"

/** Between two looks for jobs (milliseconds). */
const lookMs = 1_000

export interface BulkJobsOptions {
  /** Ends when there may be jobs to go on with. Default: after a second. */
  readonly atHand?: Effect.Effect<void>
  /** Jobs at once; of a tenant one at a time. */
  readonly jobs?: number
}

/** Items of one job that are being dealt with at once. */
const atOnce = 8
/** Items of one step at the most: what may still be touched after a pause or an abort was answered. */
const stepLimit = 100
/** Of the process that carries jobs out: milliseconds that the lease lasts, until it is extended, and until others ask for it again. */
export const leadership = { name: "bulk-jobs", ttlMs: 5_000, extendMs: 1_000, retryMs: 1_000 }
/** Milliseconds until a step that could not be ended is tried again. */
const againMs = 1_000

/** `callIdOf`: of a time of a schedule. */
export const makeBulkJobs = Effect.fnUntraced(function* (callIdOf: OccurrenceCallIdOf) {
  const orchestrator = yield* Orchestrator
  const queries = yield* OpsQueries
  const items = yield* JobItems
  const ports: Ports = {
    calls: yield* CallQueries,
    letters: yield* DeadLetterQueries,
    taking: yield* DeadLetters,
    bus: yield* EventBus,
    orchestrator,
    deliveries: yield* Deliveries,
    rows: queries,
    callIdOf,
    carryOut: yield* makeCarryOut
  }

  /**
   * What is claimed is done, the results of this round kept whatever happens. Once one is hindered no other is begun, and those under way come to
   * their end: else where there is room for some of them only, none would ever have a result.
   */
  const work = Effect.fnUntraced(function* (
    row: BulkJobRow,
    claimed: ReadonlyArray<JobItem>,
    spent: (ms: number) => void
  ) {
    const { bulkJobId, tenantId } = row
    const results: Array<Result> = []
    let hindered: Hindered | null = null
    const one = Effect.fnUntraced(function* (item: JobItem) {
      if (hindered !== null) return
      const begun = yield* Clock.currentTimeMillis
      const became = yield* Effect.result(carryOut(ports, row, item))
      if (became._tag === "Failure") {
        hindered = became.failure
        return
      }
      results.push(became.success)
      spent((yield* Clock.currentTimeMillis) - begun)
    })
    const waiting = claimed.filter(({ outcome }) => outcome === null)
    yield* Effect.forEach(waiting, one, { concurrency: atOnce, discard: true })
    yield* items.settle({ tenantId, bulkJobId, results })
    if (hindered !== null) return yield* Effect.fail<Hindered>(hindered)
    return [...claimed.filter((item) => item.outcome !== null), ...results]
  })

  /** Where the step after this one begins. One that was claimed before goes on behind its last item: what was looked up this time is not its. */
  const nextOf = (found: Found, claimed: ReadonlyArray<JobItem>) => {
    const last = claimed.at(-1)
    if (last === undefined) return found.next
    const asFound = last.id === found.items.at(-1)?.id && claimed.length === found.items.length
    return asFound ? found.next : { at: last.at as EpochMillis, id: last.id }
  }

  const nothingFound: Found = { items: [], next: null }

  /** One step of a job: whether there may be another, and how many items it had. */
  const step = Effect.fnUntraced(function* (row: BulkJobRow, limit: number, spent: (ms: number) => void) {
    const { bulkJobId, steps, tenantId } = row
    const number = steps + 1
    const aborting = row.status === "Aborting"
    const found = aborting ? nothingFound : yield* look(ports, row, limit)
    const claimed = inOrder(row.work, yield* items.claim({ tenantId, bulkJobId, step: number, items: found.items }))
    const results = yield* work(row, claimed, spent)
    const after = aborting ? row.after : nextOf(found, claimed)
    const count = (outcome: Result["outcome"]) => results.filter((result) => result.outcome === outcome).length
    const command: BulkJobCommand = {
      _tag: "RecordBulkStep",
      bulkJobId,
      at: (yield* Clock.currentTimeMillis) as EpochMillis,
      step: number,
      done: count("done"),
      failed: count("failed"),
      skipped: count("skipped"),
      after,
      last: !aborting && after === null
    }
    yield* orchestrator.ask(systemEnvelope("bulk-job", row, `bulk-job:${bulkJobId}:step:${number}`, command))
    return results.length
  })

  /** Takes a job through its steps until it pauses or is over. */
  const run = Effect.fnUntraced(function* (tenantId: TenantId, bulkJobId: BulkJobId, mayAct: () => boolean) {
    const pace = makePace()
    while (mayAct()) {
      const row = yield* queries.find("bulk-job", tenantId, bulkJobId)
      if (row === null || (row.status !== "Running" && row.status !== "Aborting")) return
      const begun = yield* Clock.currentTimeMillis
      const rate = pace.rate(row.rate)
      const dealt = yield* Effect.result(step(row, Math.min(rate, stepLimit), pace.spent))
      if (dealt._tag === "Failure") {
        pace.hindered()
        const { failure } = dealt
        const reason = failure instanceof Hindered ? failure.reason : failure._tag
        yield* Effect.logWarning("a job has to wait; it is tried again", { tenantId, bulkJobId, reason })
        yield* Effect.sleep(againMs)
        continue
      }
      const took = (yield* Clock.currentTimeMillis) - begun
      yield* Effect.sleep(Math.max(0, Math.ceil((dealt.success / rate) * 1_000) - took))
    }
  })

  /** Looks for jobs, and has each of them carried out, for ever. `mayAct`: whether this process is still the one. */
  const loop = ({ atHand = Effect.sleep(lookMs), jobs = 16 }: BulkJobsOptions, mayAct: () => boolean) =>
    Effect.gen(function* () {
      const running = yield* FiberMap.make<string>()
      const turn = Effect.gen(function* () {
        if (!mayAct()) return
        for (const { bulkJobId, tenantId } of yield* items.active(jobs)) {
          const steps = orLogged("warning", "a job was interrupted; it goes on")(run(tenantId, bulkJobId, mayAct))
          yield* FiberMap.run(running, `${tenantId}/${bulkJobId}`, steps, { onlyIfMissing: true })
        }
      }).pipe(orLogged("warning", "jobs cannot be looked for; it is tried again"))
      return yield* Effect.forever(Effect.andThen(turn, atHand))
    })

  return { loop, run, step }
})

/** An answer that takes longer, in milliseconds, has waited behind others. */
export const slowMs = 250

export const makePace = () => {
  let share = 1
  let slowest = 0

  return {
    /** An item took so long. */
    spent: (ms: number): void => {
      slowest = Math.max(slowest, ms)
    },
    hindered: (): void => {
      slowest = Number.POSITIVE_INFINITY
    },
    /** Items in the next second, one at least; takes note of how the last step went. */
    rate: (wanted: number): number => {
      share = slowest > slowMs ? share / 2 : Math.min(1, share * 1.25)
      share = Math.max(share, 1 / wanted)
      slowest = 0
      return Math.max(1, Math.floor(wanted * share))
    }
  }
}
