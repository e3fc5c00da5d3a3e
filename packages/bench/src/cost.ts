/**
 * What a call costs through its whole life, from its submission to its recorded success: processor time of program and database, bytes of the
 * write-ahead log, and the share that each part has in them. Processor time is what the kernel counts for the processes, so that other work on the
 * machine changes it less than it changes rates. The load generator's own, whose work never changes, says how fast the machine was.
 *
 * Totals are taken with nothing switched on that costs something itself. Shares are of a second run, which is profiled, and whose statements the
 * server times: of the totals each part gets its share of that.
 */
import { setTimeout as pause } from "node:timers/promises"
import { asAdministrator } from "./administrator.ts"
import { commitParts, otherStatements, programParts, statementParts } from "./costParts.ts"
import type { Figure } from "./Figures.ts"
import { inspector } from "./inspector.ts"
import { makeLoad, untilAllEnded } from "./Load.ts"
import { evaluate, type Profile, rest } from "./profile.ts"
import { newHome, removeHome, startSubject, type Subject } from "./Subject.ts"
import { type Target, untilArrived } from "./Target.ts"
import { type Mark, markStatement } from "./log.ts"

const asked = <Row extends object>(subject: Subject, text: string) =>
  asAdministrator(subject, (sql) => sql.unsafe<Row>(text))

/** A program whose database can time its statements: the library is loaded when the server starts. */
const startTimed = async (home: string): Promise<Subject> => {
  const first = await startSubject(home)
  await asked(first, "alter system set shared_preload_libraries = 'pg_stat_statements'")
  await first.stop("SIGTERM")
  const subject = await startSubject(home, ["--inspect=127.0.0.1:0"])
  await asked(subject, "create extension pg_stat_statements")
  await track(subject, "none")
  return subject
}

const track = async (subject: Subject, what: "all" | "none") => {
  await asked(subject, `alter system set pg_stat_statements.track = '${what}'`)
  await asked(subject, "select pg_reload_conf()")
  await asked(subject, "select pg_stat_statements_reset()")
}

/** What follows from calls behind their backs, in seals and counters, is done within two seconds; sessions hand in what they counted within one. */
const settled = () => pause(3_000)

const look = async (subject: Subject) => {
  const { system, user } = process.cpuUsage()
  const cpu = { ...subject.cpuMicros(), client: system + user }
  const [mark] = await asked<Mark>(subject, markStatement)
  return { ...cpu, ...(mark ?? { at: "0/0", updates: 0, hot: 0 }) }
}

interface Statement {
  readonly top: boolean
  readonly text: string
  readonly ms: number
  readonly bytes: number
}

const statementsStatement = `select toplevel as top, regexp_replace(query, '\\s+', ' ', 'g') as text, total_exec_time as ms, wal_bytes::float8 as bytes
  from pg_stat_statements where query not like '%pg_stat%'`

interface Part {
  ms: number
  bytes: number
}

/** By part; what stands inside of a commit is taken out of the commit. */
const partsOf = (statements: ReadonlyArray<Statement>): ReadonlyMap<string, Part> => {
  const parts = new Map<string, Part>()
  const add = (name: string, { bytes, ms }: Part) => {
    const part = parts.get(name) ?? { ms: 0, bytes: 0 }
    parts.set(name, { ms: part.ms + ms, bytes: part.bytes + bytes })
  }
  for (const { text, top, ...cost } of statements) {
    const within = top ? undefined : commitParts.find((part) => part.text.test(text))
    if (within !== undefined) {
      add(within.name, cost)
      add(statementParts[0]?.name ?? "", { ms: -cost.ms, bytes: -cost.bytes })
    } else if (top) add(statementParts.find((part) => part.text.test(text))?.name ?? otherStatements, cost)
  }
  return parts
}

/** Lives with a key, due at once, that succeed at the first attempt; 64 clients. */
export const cost = async (target: Target, calls: number): Promise<ReadonlyArray<Figure>> => {
  const home = newHome()
  const subject = await startTimed(home)
  const load = makeLoad(subject, 64)
  const live = async (count: number) => {
    await target.reset()
    await load.submit(count, (i) => ({ url: `${target.url}/${i}` }))
    await untilArrived(target, count)
    await untilAllEnded(load)
    await settled()
  }
  await live(Math.min(calls, 4_000))
  const before = await look(subject)
  await live(calls)
  const after = await look(subject)
  const [written] = await asked<{ readonly bytes: number }>(
    subject,
    `select pg_wal_lsn_diff('${after.at}', '${before.at}')::float8 as bytes`
  )
  const timed = await shares(subject, live, calls)
  await load.close()
  await subject.stop("SIGTERM")
  removeHome(home)
  const [program, database] = [(after.program - before.program) / calls, (after.database - before.database) / calls]
  const figure = (name: string, unit: string, value: number, aim = ""): Figure => ({ name, unit, aim, runs: [value] })
  return [
    figure("a call, program", "µs", program, "220"),
    figure("a call, database", "µs", database, "125"),
    figure("a call, load generator (yardstick)", "µs", (after.client - before.client) / calls),
    figure("a call, write-ahead log", "B", (written?.bytes ?? Number.NaN) / calls, "≤ 3,600"),
    figure(
      "updates of calls within their page",
      "%",
      (100 * (after.hot - before.hot)) / (after.updates - before.updates),
      "≥ 95"
    ),
    ...timed.program.map(([name, share]) => figure(`program: ${name}`, "µs", share * program)),
    ...timed.database.flatMap(([name, share, bytes]) => [
      figure(`database: ${name}`, "µs", share * database),
      ...(bytes >= 1 ? [figure(`log: ${name}`, "B", bytes)] : [])
    ])
  ]
}

/** Of a run with profiler and timed statements: what part of the whole each part has; bytes as they are. */
const shares = async (subject: Subject, live: (count: number) => Promise<void>, calls: number) => {
  if (subject.inspectAt === null) throw new Error("the program did not say where it can be inspected")
  const node = await inspector(subject.inspectAt)
  await track(subject, "all")
  await node.ask("Profiler.enable")
  await node.ask("Profiler.setSamplingInterval", { interval: 250 })
  await node.ask("Profiler.start")
  await live(calls)
  const { profile } = await node.ask<{ readonly profile: Profile }>("Profiler.stop")
  node.close()
  const parts = [...partsOf(await asked<Statement>(subject, statementsStatement))]
  const { busy, byStage } = evaluate(profile, programParts)
  const ms = parts.reduce((sum, [, part]) => sum + part.ms, 0)
  return {
    program: [...programParts.map(({ name }) => name), rest].map(
      (name) => [name, (byStage.get(name) ?? 0) / busy] as const
    ),
    database: parts
      .toSorted(([, a], [, b]) => b.ms - a.ms)
      .map(([name, part]) => [name, part.ms / ms, part.bytes / calls] as const)
  }
}
