/** How long calls in flight are lost when their worker is killed: from the kill until the target is asked again. */
import { setTimeout as pause } from "node:timers/promises"
import { now, type Target } from "../src/Target.ts"
import { type Figures, warmUp } from "./measure.ts"
import { until } from "./processes.ts"
import type { Running } from "./System.ts"

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
