/** Starting, dying, coming back, and doing nothing. */
import { Effect } from "effect"
import { asAdministrator } from "./administrator.ts"
import type { Figure } from "./Figures.ts"
import { makeLoad, untilAllEnded } from "./Load.ts"
import { newHome, removeHome, startSubject, type Subject } from "./Subject.ts"
import { now, type Target, untilArrived } from "./Target.ts"

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))

/** A home that was never used, and the same one again. */
export const starts = async (): Promise<ReadonlyArray<Figure>> => {
  const home = newHome()
  const cold = await startSubject(home)
  await cold.stop("SIGTERM")
  const warm = await startSubject(home)
  await warm.stop("SIGTERM")
  removeHome(home)
  return [
    { name: "start, cold (new home)", unit: "ms", runs: [cold.readyMs] },
    { name: "start, warm", unit: "ms", aim: "< 2,000", runs: [warm.readyMs] }
  ]
}

/** Fifty calls are on the wire when the program is killed; the clock runs from the next start to the last of them at the target. */
export const recovery = async (target: Target): Promise<ReadonlyArray<Figure>> => {
  const calls = 50
  const home = newHome()
  const first = await startSubject(home)
  const load = makeLoad(first, 16)
  await target.reset(60_000)
  await load.submit(calls, (i) => ({ url: `${target.url}/${i}` }))
  await untilArrived(target, calls, 5)
  await first.stop("SIGKILL")
  await load.close().catch(() => undefined)
  await target.reset()
  const from = now()
  const second = await startSubject(home)
  await untilArrived(target, calls, 5)
  const last = Math.max(...(await target.arrivals()).map(([, at]) => at))
  const again = makeLoad(second, 1)
  await untilAllEnded(again)
  await again.close()
  await second.stop("SIGTERM")
  removeHome(home)
  return [
    {
      name: "last call in flight sent again after kill -9, from the new start",
      unit: "ms",
      aim: "≤ 1,500",
      runs: [last - from]
    }
  ]
}

const transactions = (subject: Subject): Promise<number> =>
  asAdministrator(subject, (sql) =>
    Effect.map(
      sql<{ readonly n: number }>`
        select (xact_commit + xact_rollback)::int as n from pg_stat_database where datname = 'dueline'`,
      ([found]) => found?.n ?? 0
    )
  )

/** Memory, and statements a second, of a program that has nothing to do; each statement of an idle program is a transaction of its own. */
export const idle = async (subject: Subject, seconds: number): Promise<ReadonlyArray<Figure>> => {
  await transactions(subject)
  await pause(12_000)
  const before = await transactions(subject)
  const from = now()
  await pause(seconds * 1_000)
  const after = await transactions(subject)
  // Looking costs one transaction itself, and PostgreSQL's own housekeeping is in the count.
  const rate = Math.max(0, after - before - 1) / ((now() - from) / 1_000)
  return [{ name: "statements per second, idle", unit: "/s", aim: "≤ 1", runs: [rate] }, ...memory(subject, "idle")]
}

const memory = (subject: Subject, when: string): ReadonlyArray<Figure> => {
  const { database, program } = subject.memoryMib()
  return [
    { name: `memory, ${when}, program`, unit: "MiB", runs: [program] },
    { name: `memory, ${when}, database`, unit: "MiB", runs: [database] }
  ]
}
