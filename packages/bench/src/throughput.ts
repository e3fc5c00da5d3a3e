/** How many calls a second are accepted, and how many are carried all the way to a recorded result. */
import { type Figure, quantile } from "./Figures.ts"
import { type Load, makeBatchLoad, makeLoad, type Submission, untilAllEnded } from "./Load.ts"
import type { Subject } from "./Subject.ts"
import { now, type Target, untilArrived } from "./Target.ts"

const hour = 3_600_000

interface Split {
  readonly program: number
  readonly database: number
  readonly target: number
  readonly client: number
}

const cpuNow = (subject: Subject, target: Target): Split => {
  const { system, user } = process.cpuUsage()
  return { ...subject.cpuMicros(), target: target.cpuMicros(), client: user + system }
}

const perCall = (name: string, before: Split, after: Split, calls: number): ReadonlyArray<Figure> =>
  (["program", "database", "target", "client"] as const).map((part) => ({
    name: `${name}: CPU per call, ${part}`,
    unit: "µs",
    runs: [(after[part] - before[part]) / calls]
  }))

/** Due in an hour: nothing but the acceptance is measured. */
export const accepted = async (
  subject: Subject,
  target: Target,
  concurrency: number,
  calls: number
): Promise<ReadonlyArray<Figure>> => {
  const load = makeLoad(subject, concurrency)
  const later = (i: number): Submission => ({ dueAt: Date.now() + hour + i, url: `${target.url}/later` })
  await load.submit(Math.min(calls, 4_000), later)
  const before = cpuNow(subject, target)
  const { elapsedMs, latenciesMs } = await load.submit(calls, later)
  const after = cpuNow(subject, target)
  await load.close()
  const name = `accepted, ${concurrency} clients`
  return [
    { name, unit: "calls/s", ...(concurrency === 64 ? { aim: "≥ 6,000" } : {}), runs: [calls / (elapsedMs / 1_000)] },
    { name: `${name}: latency p50`, unit: "ms", runs: [quantile(latenciesMs, 0.5)] },
    { name: `${name}: latency p99`, unit: "ms", runs: [quantile(latenciesMs, 0.99)] },
    ...(concurrency === 64 ? perCall(name, before, after, calls) : [])
  ]
}

interface Run {
  readonly name: string
  readonly aim?: string
  /** Whether the processor time of each process is told too. */
  readonly split: boolean
}

/** Due now: the clock stops when the last result is durable. */
export const endToEnd = (subject: Subject, target: Target, concurrency: number, calls: number) => {
  const name = `end to end, ${concurrency} clients`
  const run = concurrency === 64 ? { name, aim: "≥ 3,000", split: true } : { name, split: false }
  return carryOut(run, makeLoad(subject, concurrency), subject, target, calls)
}

/** The same, submitted through the client, which puts calls that are submitted together into one request. */
export const endToEndInBatches = async (subject: Subject, target: Target, calls: number) =>
  carryOut(
    { name: "end to end in batches, 64 clients", split: true },
    await makeBatchLoad(subject, 64),
    subject,
    target,
    calls
  )

const carryOut = async (
  { name, split, ...about }: Run,
  load: Load,
  subject: Subject,
  target: Target,
  calls: number
): Promise<ReadonlyArray<Figure>> => {
  const at = (i: number): Submission => ({ url: `${target.url}/${i}` })
  await load.submit(Math.min(calls, 4_000), at)
  await untilAllEnded(load)
  await target.reset()
  const before = cpuNow(subject, target)
  const from = now()
  await load.submit(calls, at)
  // Asking the program for what is still to be done costs it more than doing it, so it is left alone until hardly anything is.
  await untilArrived(target, calls)
  await untilAllEnded(load)
  const elapsedMs = now() - from
  const after = cpuNow(subject, target)
  const seen = await target.count()
  await load.close()
  if (seen < calls) throw new Error(`${seen} of ${calls} calls arrived`)
  return [
    { name, unit: "calls/s", ...about, runs: [calls / (elapsedMs / 1_000)] },
    ...(split ? perCall(name, before, after, calls) : [])
  ]
}
