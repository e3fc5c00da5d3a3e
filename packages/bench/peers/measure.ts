/** One system, one round: the bursts, the idle latency, the timers. What comes out is named alike for every system. */
import { setTimeout as pause } from "node:timers/promises"
import { quantile } from "../src/Figures.ts"
import { now, type Target } from "../src/Target.ts"
import type { Cpu, Running } from "./System.ts"
import { settle } from "./machine.ts"
import { until } from "./processes.ts"

/** By name; milliseconds, microseconds for processor time, calls a second for rates. */
export type Figures = Readonly<Record<string, number>>

export interface Size {
  readonly calls: number
  readonly concurrency: number
}

export interface Measured {
  readonly figures: Figures
  /** False when the machine did not get quiet before. */
  readonly quiet: boolean
}

/** Longest time without any further arrival. */
const stallMs = 60_000
/** Longest wait for a quiet machine before a measurement. */
const settleMs = 30_000
/** Every peer polls at least this often, so a pause of up to that long falls anywhere between two polls. */
const longestPollMs = 500

/** Waits until `count` requests have come, as long as they keep coming. */
const arrived = async (target: Target, count: number, running: Running): Promise<void> => {
  let [seen, since] = [-1, performance.now()]
  while (seen < count) {
    const now = await target.count()
    if (now > seen) [seen, since] = [now, performance.now()]
    else if (performance.now() - since > stallMs)
      throw new Error(`stuck at ${seen} of ${count} calls; ${running.lastWords()}`)
    if (seen < count) await pause(10)
  }
}

const sorted = (values: ReadonlyArray<number>): ReadonlyArray<number> => values.toSorted((a, b) => a - b)

/** Each of `count` calls at least once, or it throws; a little patience first, for what might come twice. */
const exactly = async (target: Target, count: number): Promise<{ readonly last: number; readonly extra: number }> => {
  await pause(300)
  const arrivals = await target.arrivals()
  const first = new Map(arrivals.toReversed())
  for (let i = 0; i < count; i++) if (!first.has(`/${i}`)) throw new Error(`call ${i} of ${count} never arrived`)
  return { last: [...first.values()].reduce((a, b) => Math.max(a, b), 0), extra: arrivals.length - count }
}

const perCall = (before: Cpu, after: Cpu, calls: number): Figures => ({
  cpuClient: (after.client - before.client) / calls,
  cpuProgram: (after.program - before.program) / calls,
  cpuStore: (after.store - before.store) / calls
})

const named = (prefix: string, figures: Figures): Figures =>
  Object.fromEntries(Object.entries(figures).map(([name, value]) => [`${prefix}.${name}`, value]))

/** Compiles, connects, plans: nobody is measured cold. */
export const warmUp = async (running: Running, target: Target, { calls, concurrency }: Size): Promise<void> => {
  await target.reset()
  await running.submit({ count: calls, concurrency, url: target.url, first: 0 })
  await arrived(target, calls, running)
}

/** All at once through `concurrency` clients; the clock stops when the target has seen the last one. */
export const burst = async (running: Running, target: Target, { calls, concurrency }: Size): Promise<Measured> => {
  const isQuiet = await settle(settleMs)
  await target.reset()
  const before = running.cpuMicros()
  const { from, latenciesMs, to } = await running.submit({ count: calls, concurrency, url: target.url, first: 0 })
  await arrived(target, calls, running)
  const { extra, last } = await exactly(target, calls)
  // What is written after the call counts as its cost too.
  await settle(5_000)
  const accept = sorted(latenciesMs)
  const figures = {
    accepted: calls / ((to - from) / 1_000),
    calls: calls / ((last - from) / 1_000),
    acceptP50: quantile(accept, 0.5),
    acceptP99: quantile(accept, 0.99),
    extra,
    ...perCall(before, running.cpuMicros(), calls)
  }
  return { figures: named(`c${concurrency}`, figures), quiet: isQuiet }
}

/** One at a time: from before the submission to the last byte of the request at the target. */
export const idleLatency = async (running: Running, target: Target, samples: number): Promise<Measured> => {
  const isQuiet = await settle(settleMs)
  await target.reset()
  const asked: Array<number> = []
  for (let i = 0; i < samples; i++) {
    await pause(20 + Math.random() * longestPollMs)
    asked.push((await running.submit({ count: 1, concurrency: 1, url: target.url, first: i })).from)
    await arrived(target, i + 1, running)
  }
  const arrivals = await target.arrivals()
  const latencies = sorted(arrivals.map(([path, at]) => at - (asked[Number(path.slice(1))] ?? Number.NaN)))
  const figures = { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) }
  return { figures: named("idle", figures), quiet: isQuiet }
}

/** Due times spread over the second that begins a second after the first submission. */
export const lateness = async (running: Running, target: Target, samples: number): Promise<Measured> => {
  const isQuiet = await settle(settleMs)
  await target.reset()
  const due = { afterMs: 1_000, spreadMs: 1_000 }
  const { dueFrom } = await running.submit({ count: samples, concurrency: 16, url: target.url, first: 0, due })
  await arrived(target, samples, running)
  await exactly(target, samples)
  const dueAt = (path: string) => dueFrom + Math.floor((Number(path.slice(1)) * due.spreadMs) / samples)
  const late = sorted((await target.arrivals()).map(([path, at]) => at - dueAt(path)))
  const figures = { p50: quantile(late, 0.5), p99: quantile(late, 0.99), earliest: late[0] ?? Number.NaN }
  return { figures: named("late", figures), quiet: isQuiet }
}

/** How long calls in flight are lost when their worker is killed: from the kill until the target is asked again. */
const inFlight = 16
/** The endpoint hangs that long. */
const holdMs = 20_000
const killAfterMs = 1_500
const replaceAfterMs = 300
export const observedMs = 90_000

const again = async (target: Target, since: number): Promise<ReadonlyArray<number>> => {
  const first = new Map<string, number>()
  for (const [path, at] of await target.arrivals()) if (at > since && !first.has(path)) first.set(path, at)
  return [...first.values()].toSorted((a, b) => a - b)
}

/** `recovery.seen` of the 16 came again within the observation; `first` and `last` are absent when none or not all did. */
export const recovery = async (running: Running, target: Target): Promise<Figures> => {
  await warmUp(running, target, { calls: 200, concurrency: inFlight })
  await pause(2_000)
  await target.reset(holdMs)
  const { from } = await running.submit({ count: inFlight, concurrency: inFlight, url: target.url, first: 0 })
  await until(
    async () => (await target.count()) >= inFlight,
    10_000,
    () => `not all in flight; ${running.lastWords()}`
  )
  await pause(Math.max(0, from + killAfterMs - now()))
  const killed = now()
  await running.killWorker()
  await pause(Math.max(0, killed + replaceAfterMs - now()))
  await running.replaceWorker()
  let seen = await again(target, killed)
  while (seen.length < inFlight && now() - killed < observedMs) {
    await pause(100)
    seen = await again(target, killed)
  }
  const [first, last] = [seen[0], seen.length < inFlight ? undefined : seen.at(-1)]
  return {
    "recovery.seen": seen.length,
    ...(first === undefined ? {} : { "recovery.first": first - killed }),
    ...(last === undefined ? {} : { "recovery.last": last - killed })
  }
}
