/** What calls that wait cost: memory of both, the next start, and how soon after it the first that is due is made. */
import { setTimeout as pause } from "node:timers/promises"
import type { Figure } from "../Figures.ts"
import { posting } from "../posting.ts"
import { startSubject, type Subject } from "../Subject.ts"
import { now, type Target, untilArrived } from "../Target.ts"

const day = 86_400_000

/** Due tomorrow, all but one: that one is due while the program is away. */
export const pending = async (subject: Subject, target: Target, calls: number): Promise<ReadonlyArray<Figure>> => {
  const { close, post, submit } = posting(subject)
  const empty = subject.memoryMib()
  const tomorrow = Date.now() + day
  const dueAt = (i: number) => new Date(tomorrow + i).toISOString()
  const from = now()
  await submit(calls, (i) => ({ dueAt: dueAt(i), request: { method: "GET", url: `${target.url}/pending` } }))
  const rate = calls / ((now() - from) / 1_000)
  // What follows from calls behind their backs.
  await pause(5_000)
  const full = subject.memoryMib()
  const dueMs = Date.now() + 10_000
  await post("/v1/service-calls", {
    dueAt: new Date(dueMs).toISOString(),
    request: { method: "GET", url: `${target.url}/due` }
  })
  await close()
  await subject.stop("SIGTERM")
  await target.reset()
  await pause(Math.max(0, dueMs - Date.now()))
  const begun = now()
  const again = await startSubject(subject.home)
  await untilArrived(target, 1)
  const [first] = await target.arrivals()
  await pause(5_000)
  const after = again.memoryMib()
  await again.stop("SIGTERM")
  const what = `${calls.toLocaleString("en")} calls pending`
  const mib = (name: string, value: number): Figure => ({ name: `memory, ${name}`, unit: "MiB", runs: [value] })
  return [
    mib("no calls, program", empty.program),
    mib("no calls, database", empty.database),
    mib(`${what}, program`, full.program),
    mib(`${what}, database`, full.database),
    mib(`${what}, after a start, program`, after.program),
    mib(`${what}, after a start, database`, after.database),
    { name: `accepted in batches, ${what}`, unit: "calls/s", runs: [rate] },
    { name: `start, ${what}`, unit: "ms", runs: [again.readyMs] },
    { name: `first due call from the start, ${what}`, unit: "ms", runs: [(first?.[1] ?? Number.NaN) - begun] }
  ]
}
