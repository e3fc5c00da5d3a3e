/** How late calls are: from asking to the target when nothing else happens, and from their due time when many are due in one second. */
import { type Figure, quantile } from "./Figures.ts"
import { type Load, makeLoad, untilAllEnded } from "./Load.ts"
import type { Subject } from "./Subject.ts"
import { now, type Target, untilArrived } from "./Target.ts"

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))

/** A program that has just started runs code it has not compiled yet: that is measured by the starts, not here. */
const warmUp = async (load: Load, target: Target): Promise<void> => {
  await load.submit(2_000, () => ({ url: `${target.url}/warm` }))
  await untilAllEnded(load)
  await pause(1_000)
  await target.reset()
}

/** One call at a time, each after a pause. */
export const idleLatency = async (subject: Subject, target: Target, calls: number): Promise<ReadonlyArray<Figure>> => {
  const load = makeLoad(subject, 1)
  await warmUp(load, target)
  const askedAt: Array<number> = []
  for (let i = 0; i < calls; i++) {
    askedAt.push(now())
    await load.submit(1, () => ({ url: `${target.url}/${i}` }))
    await pause(25)
  }
  await untilAllEnded(load)
  const arrivals = await target.arrivals()
  await load.close()
  const late = arrivals.map(([path, at]) => at - (askedAt[Number(path.slice(1))] ?? at)).toSorted((a, b) => a - b)
  return [
    { name: "idle latency, submit to target, p50", unit: "ms", runs: [quantile(late, 0.5)] },
    { name: "idle latency, submit to target, p99", unit: "ms", runs: [quantile(late, 0.99)] }
  ]
}

/** `calls` calls whose due times are spread evenly over one second. */
export const lateness = async (subject: Subject, target: Target, calls: number): Promise<ReadonlyArray<Figure>> => {
  const load = makeLoad(subject, 64)
  await warmUp(load, target)
  const start = Date.now() + Math.max(3_000, calls)
  const dueAt = (i: number) => start + Math.floor((i * 1_000) / calls)
  await load.submit(calls, (i) => ({ dueAt: dueAt(i), url: `${target.url}/${i}` }))
  if (Date.now() > start) throw new Error("submitting took longer than the calls had time")
  await untilArrived(target, calls, 50)
  await untilAllEnded(load)
  const arrivals = await target.arrivals()
  await load.close()
  const late = arrivals.map(([path, at]) => at - dueAt(Number(path.slice(1)))).toSorted((a, b) => a - b)
  const name = `timer lateness, ${calls.toLocaleString("en")} in one second`
  const aims = calls <= 150 ? [{ aim: "≤ 2" }, { aim: "≤ 6" }] : [{}, {}]
  return [
    { name: `${name}, p50`, unit: "ms", ...aims[0], runs: [quantile(late, 0.5)] },
    { name: `${name}, p99`, unit: "ms", ...aims[1], runs: [quantile(late, 0.99)] },
    { name: `${name}, earliest`, unit: "ms", aim: "never early", runs: [late[0] ?? Number.NaN] }
  ]
}
