/**
 * Programs that differ in one thing, under the same load in turns, so that what else the machine does falls on all of them alike. A figure compares each
 * with the first one, which is the plain case, in the same round.
 */
import { setTimeout as pause } from "node:timers/promises"
import { asAdministrator } from "../administrator.ts"
import type { Figure } from "../Figures.ts"
import { makeLoad, type Load, type Submission } from "../Load.ts"
import { newHome, removeHome, startSubject, type Subject } from "../Subject.ts"
import { now, type Target, untilArrived } from "../Target.ts"

export interface Arm {
  readonly name: string
  /** Of its program, beside those that all have. */
  readonly settings?: Readonly<Record<string, string>>
  /** Makes what has to be there, and says what is submitted. */
  readonly prepare: (subject: Subject) => Promise<(i: number) => Submission>
}

export interface Running {
  readonly name: string
  readonly subject: Subject
  readonly load: Load
  readonly submission: (i: number) => Submission
}

export const measures = {
  "calls/s": "calls/s",
  "program a call": "µs",
  "database a call": "µs",
  "log a call": "B",
  "memory of the program": "MiB",
  "memory of the database": "MiB"
} as const

type Measure = keyof typeof measures
export type Sample = Readonly<Record<Measure, number>>

/** The plain case as it is, then each of the others as a multiple of it, round by round. */
export const compared = (
  arms: ReadonlyArray<{ readonly name: string; readonly samples: ReadonlyArray<Sample> }>
): ReadonlyArray<Figure> => {
  const plain = arms[0]?.samples ?? []
  return arms.flatMap(({ name, samples }, n) =>
    (Object.keys(measures) as ReadonlyArray<Measure>).map((measure) => ({
      name: `${name}: ${measure}`,
      unit: n === 0 ? measures[measure] : "×",
      runs: samples.map((sample, round) => sample[measure] / (n === 0 ? 1 : (plain[round]?.[measure] ?? Number.NaN)))
    }))
  )
}

const logOf = async (subject: Subject): Promise<number> => {
  const [found] = await asAdministrator(subject, (sql) =>
    sql.unsafe<{ readonly bytes: number }>("select (pg_current_wal_insert_lsn() - '0/0')::float8 as bytes")
  )
  return found?.bytes ?? Number.NaN
}

/** What follows from calls behind their backs is done within two seconds. */
const settled = () => pause(2_500)

const chunk = async ({ load, subject, submission }: Running, target: Target, calls: number): Promise<Sample> => {
  await target.reset()
  const log = await logOf(subject)
  const before = subject.cpuMicros()
  const from = now()
  await load.submit(calls, submission)
  await untilArrived(target, calls)
  const seconds = (now() - from) / 1_000
  await settled()
  const after = subject.cpuMicros()
  const { database, program } = subject.memoryMib()
  return {
    "calls/s": calls / seconds,
    "program a call": (after.program - before.program) / calls,
    "database a call": (after.database - before.database) / calls,
    "log a call": ((await logOf(subject)) - log) / calls,
    "memory of the program": program,
    "memory of the database": database
  }
}

const start = async ({ name, prepare, settings }: Arm): Promise<Running> => {
  const subject = await startSubject(newHome(), [], settings)
  return { name, subject, load: makeLoad(subject, 64), submission: await prepare(subject) }
}

const stop = async ({ load, subject }: Running): Promise<void> => {
  await load.close()
  await subject.stop("SIGTERM")
  removeHome(subject.home)
}

const rounds = 6
const mostInChunk = 3_000
const mostInWarmUp = 8_000

/** `calls` of each in all, in chunks. `besides`: what else is looked at while all of them are there. */
export const inTurns = async (
  arms: ReadonlyArray<Arm>,
  target: Target,
  calls: number,
  besides: (running: ReadonlyArray<Running>) => Promise<ReadonlyArray<Figure>> = async () => []
): Promise<ReadonlyArray<Figure>> => {
  const size = Math.min(mostInChunk, Math.round(calls / rounds))
  const running: Array<Running & { readonly samples: Array<Sample> }> = []
  try {
    for (const arm of arms) running.push({ ...(await start(arm)), samples: [] })
    for (const one of running) await chunk(one, target, Math.min(mostInWarmUp, calls))
    for (let round = 0; round < rounds; round++) {
      for (let n = 0; n < running.length; n++) {
        const one = running[(n + round) % running.length]
        one?.samples.push(await chunk(one, target, size))
      }
    }
    return [...compared(running), ...(await besides(running))]
  } finally {
    for (const one of running) await stop(one)
  }
}
