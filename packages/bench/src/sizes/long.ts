/** Minutes of load, long enough for checkpoints and vacuums: how it goes, every half a minute, and whether it becomes worse. */
import { setTimeout as pause } from "node:timers/promises"
import { asAdministrator } from "../administrator.ts"
import { startAwaitedTarget } from "../AwaitedTarget.ts"
import { type Figure, quantile } from "../Figures.ts"
import { makeLoad } from "../Load.ts"
import type { Subject } from "../Subject.ts"
import { now } from "../Target.ts"
import { heading, line, type Slice, trendFigures, verdict } from "./trend.ts"

interface Server {
  readonly checkpoints: number
  readonly vacuums: number
  readonly deadRows: number
  readonly tablesMib: number
}

const serverStatement = `select (select num_done::float8 from pg_stat_checkpointer) as checkpoints, sum(autovacuum_count)::float8 as vacuums,
    sum(n_dead_tup)::float8 as "deadRows", sum(pg_total_relation_size(relid))::float8 / 1048576 as "tablesMib"
  from pg_stat_user_tables where schemaname = 'dueline'`

const serverOf = async (subject: Subject): Promise<Server> => {
  const [found] = await asAdministrator(subject, (sql) => sql.unsafe<Server>(serverStatement))
  return found ?? { checkpoints: 0, vacuums: 0, deadRows: 0, tablesMib: 0 }
}

const clients = 64
/** One call in so many is due later by so much, and not waited for: the others are due at once, and their clients wait until they are made. */
const laterEach = 10
const laterMs = 2_000
const sliceMs = 30_000

/** What the clients have seen since it was last looked at. */
interface Seen {
  readonly acknowledged: Array<number>
  readonly late: Array<number>
}

const sorted = (values: ReadonlyArray<number>) => values.toSorted((a, b) => a - b)

export const long = async (subject: Subject, minutes: number): Promise<ReadonlyArray<Figure>> => {
  const target = await startAwaitedTarget()
  const load = makeLoad(subject, clients)
  let seen: Seen = { acknowledged: [], late: [] }
  const stopped = new AbortController()
  let serial = 0
  const call = async () => {
    const path = `/${serial++}`
    const arrival = target.arrival(path)
    const later = serial % laterEach === 0 ? { dueAt: Math.ceil(now()) + laterMs } : {}
    const from = now()
    const { elapsedMs } = await load.submit(1, () => ({ url: target.url + path, ...later }))
    seen.acknowledged.push(elapsedMs)
    const arrived = arrival.then((at) => void seen.late.push(at - (later.dueAt ?? from)))
    if (later.dueAt === undefined) await arrived
  }
  const slice = async (ms: number): Promise<Slice> => {
    const [server, before, from] = [await serverOf(subject), subject.cpuMicros(), now()]
    seen = { acknowledged: [], late: [] }
    await pause(ms)
    const [{ acknowledged, late }, after, to] = [seen, subject.cpuMicros(), now()]
    const [calls, later] = [acknowledged.length, await serverOf(subject)]
    const [answers, lateness] = [sorted(acknowledged), sorted(late)]
    const { database: databaseMib, program: programMib } = subject.memoryMib()
    return {
      ...later,
      rate: calls / ((to - from) / 1_000),
      acknowledgedP50: quantile(answers, 0.5),
      acknowledgedP99: quantile(answers, 0.99),
      lateP50: quantile(lateness, 0.5),
      lateP99: quantile(lateness, 0.99),
      program: (after.program - before.program) / calls,
      database: (after.database - before.database) / calls,
      programMib,
      databaseMib,
      checkpoints: later.checkpoints - server.checkpoints,
      vacuums: later.vacuums - server.vacuums
    }
  }
  const client = async () => {
    while (!stopped.signal.aborted) await call()
  }
  const loading = Promise.all(Array.from({ length: clients }, client))
  const look = async (): Promise<ReadonlyArray<Slice>> => {
    // Code that is not compiled yet, connections, caches.
    await pause(sliceMs)
    console.error(heading)
    const slices: Array<Slice> = []
    const count = Math.max(3, Math.round((minutes * 60_000) / sliceMs))
    for (let n = 0; n < count; n++) {
      const found = await slice((minutes * 60_000) / count)
      console.error(line(found))
      slices.push(found)
    }
    return slices
  }
  // Clients end only when they are stopped, or when a call is refused.
  const slices = await Promise.race([look(), loading.then(() => [])])
  stopped.abort()
  await loading
  await load.close()
  target.stop()
  console.error(`  ${verdict(slices)}`)
  return trendFigures(`${minutes} minutes of load`, slices)
}
