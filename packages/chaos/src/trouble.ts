/** Does one fault of the plan after the other, a few at a time, each when the load has come so far. */
import { setTimeout as wait } from "node:timers/promises"
import type { Fault } from "./Plan.ts"
import type { Run } from "./Run.ts"

/** Faults that are done at the same time. */
const faultsAtOnce = 4
/** A load that is held up by weather does not hold up the next fault for longer. */
const patienceMs = 6_000
const stepMs = 20

/** Until so many more operations have begun, or for as long as anybody waits for them. */
const progress = async ({ load }: Run, operations: number): Promise<void> => {
  const [goal, until] = [load.begun + operations, Date.now() + patienceMs]
  while (load.begun < goal && Date.now() < until) await wait(stepMs)
}

/** Until the plan is done or the time is up, and every victim is back. */
export const trouble = async (run: Run): Promise<void> => {
  const { faults, options } = run
  const until = Date.now() + (options.untilMs ?? Number.POSITIVE_INFINITY)
  const doing = new Set<Promise<void>>()
  let failure: unknown
  const attempt = async (fault: Fault) => {
    try {
      await faults.do(fault)
    } catch (cause) {
      failure ??= cause
    }
  }
  await progress(run, options.margin)
  for (const fault of options.plan) {
    await progress(run, fault.afterOperations)
    while (doing.size >= faultsAtOnce) await Promise.race(doing)
    if (Date.now() > until || failure !== undefined) break
    options.say(`fault ${fault.number}: ${fault.kind} ${fault.victim}`)
    const done = attempt(fault).finally(() => doing.delete(done))
    doing.add(done)
  }
  await Promise.all(doing)
  if (failure !== undefined) throw failure
  await progress(run, options.margin)
}
