/**
 * Schedules that are fired, each once within a minute, and a flow among many keys of which nothing is due: how late they are, and what each call of
 * them takes of the processor, which says more on a machine that does other things too; beside calls that are submitted one by one at the same pace.
 */
import { setTimeout as pause } from "node:timers/promises"
import { type Figure, quantile } from "./Figures.ts"
import { posting } from "./posting.ts"
import type { Subject } from "./Subject.ts"
import { now, type Target, untilArrived } from "./Target.ts"

const spent = async (subject: Subject, what: () => Promise<void>) => {
  const before = subject.cpuMicros()
  await what()
  const after = subject.cpuMicros()
  return { program: after.program - before.program, database: after.database - before.database }
}

const minuteMs = 60_000

/** Calls that are due at once, each in a request of its own, as evenly spread over a minute. */
const atTheSamePace = async ({ post }: ReturnType<typeof posting>, target: Target, count: number): Promise<void> => {
  const from = Date.now()
  const submitted: Array<Promise<unknown>> = []
  for (let i = 0; i < count; i++) {
    const early = from + (i * minuteMs) / count - Date.now()
    if (early > 0) await pause(early)
    submitted.push(post("/v1/service-calls", { request: { method: "GET", url: `${target.url}/call-${i}` } }))
  }
  await Promise.all(submitted)
  await untilArrived(target, count, 50)
}

/** Each fires once, evenly spread over a minute that begins when all of them are made. */
export const firing = async (subject: Subject, target: Target, count: number): Promise<ReadonlyArray<Figure>> => {
  const posted = posting(subject)
  const { all, close, post } = posted
  const make = (path: string, from: number) =>
    post("/v1/schedules", {
      every: "1d",
      zone: "UTC",
      from: new Date(from).toISOString(),
      missed: { policy: "all", max: 1, window: "1d" },
      request: { method: "GET", url: `${target.url}/${path}` }
    })
  const begun = now()
  await all(500, (i) => make(`warm-${i}`, begun + 30_000))
  const each = (now() - begun) / 500
  if (500 * each > 30_000) throw new Error("the machine is too slow, or too busy, for this")
  await untilArrived(target, 500, 50)
  await target.reset()
  const start = Date.now() + 10_000 + Math.ceil(1.5 * each * count)
  const at = (i: number) => start + Math.floor((i * minuteMs) / count)
  await all(count, (i) => make(String(i), at(i)))
  if (Date.now() > start) throw new Error("making the schedules took longer than they had time")
  await pause(start - Date.now() - 500)
  const { database, program } = await spent(subject, () => untilArrived(target, count, 50))
  const late = (await target.arrivals()).map(([path, when]) => when - at(Number(path.slice(1)))).sort((a, b) => a - b)
  await target.reset()
  const call = await spent(subject, () => atTheSamePace(posted, target, count))
  await close()
  const name = `${count.toLocaleString("en")} schedules in one minute`
  const ratio = (program + database) / (call.program + call.database)
  return [
    { name: `${name}, lateness, p50`, unit: "ms", runs: [quantile(late, 0.5)] },
    { name: `${name}, lateness, p99`, unit: "ms", runs: [quantile(late, 0.99)] },
    { name: `${name}, earliest`, unit: "ms", aim: "never early", runs: [late[0] ?? Number.NaN] },
    { name: "a firing and its call, of the program's processor", unit: "µs", runs: [program / count] },
    { name: "a firing and its call, of the database's processor", unit: "µs", runs: [database / count] },
    { name: "a firing and its call to a call by itself", unit: "×", aim: "≤ 2", runs: [ratio] }
  ]
}

/** `keys`: flows with one call each, due tomorrow. */
export const flowAmong = async (
  subject: Subject,
  target: Target,
  calls: number,
  keys: number
): Promise<ReadonlyArray<Figure>> => {
  const { close, submit } = posting(subject)
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString()
  const request = { method: "GET", url: `${target.url}/flow` }
  const run = async () => {
    await target.reset()
    return spent(subject, async () => {
      await submit(calls, () => ({ delay: 0, flow: { key: "busy", concurrency: 10 }, request }))
      await untilArrived(target, calls, 50)
    })
  }
  await run()
  const alone = await run()
  await submit(keys, (i) => ({ dueAt: tomorrow, flow: { key: `idle-${i}`, concurrency: 10 }, request }))
  // What followed from submitting them is over.
  await pause(5_000)
  const among = await run()
  await close()
  const total = ({ database, program }: typeof alone) => program + database
  const many = keys.toLocaleString("en")
  return [
    { name: "a call of a flow of 10, of both processors", unit: "µs", runs: [total(alone) / calls] },
    { name: `the same among ${many} idle keys`, unit: "µs", runs: [total(among) / calls] },
    { name: `among ${many} idle keys to alone`, unit: "×", aim: "≤ 1.2", runs: [total(among) / total(alone)] }
  ]
}
