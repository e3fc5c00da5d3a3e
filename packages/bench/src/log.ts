/** What the store writes for one call's whole life: bytes of the log by relation, entries in indexes, updates that stay in their page. */
import { Effect } from "effect"
import { asAdministrator } from "./administrator.ts"
import type { Figure } from "./Figures.ts"
import { makeLoad, untilAllEnded } from "./Load.ts"
import type { Subject } from "./Subject.ts"
import type { Target } from "./Target.ts"

/** Where the log stands, and how many rows of calls were updated, so many of them within their page. */
export interface Mark {
  readonly at: string
  readonly updates: number
  readonly hot: number
}

export const markStatement = `select pg_current_wal_insert_lsn()::text as at, n_tup_upd::int as updates, n_tup_hot_upd::int as hot
  from pg_stat_user_tables where relid = 'dueline.service_calls'::regclass`

interface Written {
  /** Null for what belongs to no relation of the schema: commits, the server's own. */
  readonly relation: string | null
  readonly bytes: number
  readonly entries: number
}

/** A record counts as a whole for the relation of its first block; a B-tree takes one entry with each insertion, also when it splits a page. */
const writtenStatement = (from: string, to: string) => `with records as (
    select distinct on (start_lsn) start_lsn, relfilenode, record_length,
      (resource_manager = 'Btree' and record_type ~ '^(INSERT_LEAF|INSERT_POST|SPLIT_[LR])$')::int as entry
    from pg_get_wal_block_info('${from}', '${to}') where relforknumber = 0 order by start_lsn, block_id
  )
  select c.relname::text as relation, sum(r.record_length)::float8 as bytes, sum(r.entry)::int as entries
  from records r left join pg_class c on pg_relation_filenode(c.oid) = r.relfilenode and c.relnamespace = 'dueline'::regnamespace
  group by 1 order by 2 desc`

const look = (subject: Subject) =>
  asAdministrator(subject, (sql) =>
    Effect.gen(function* () {
      yield* sql.unsafe("create extension if not exists pg_walinspect")
      // Sessions hand in what they counted when they have been quiet for a second.
      yield* Effect.sleep("1500 millis")
      const [mark] = yield* sql.unsafe<Mark>(markStatement)
      return mark ?? { at: "0/0", updates: 0, hot: 0 }
    })
  )

/** Lives with a key, due at once, that succeed at the first attempt. */
export const log = async (subject: Subject, target: Target, calls: number): Promise<ReadonlyArray<Figure>> => {
  const load = makeLoad(subject, 64)
  const live = async (count: number) => {
    await load.submit(count, (i) => ({ url: `${target.url}/${i}` }))
    await untilAllEnded(load)
  }
  await live(Math.min(calls, 4_000))
  const before = await look(subject)
  const cpuBefore = subject.cpuMicros().database
  await live(calls)
  const cpuAfter = subject.cpuMicros().database
  const after = await look(subject)
  await load.close()
  const [written, [total]] = await asAdministrator(subject, (sql) =>
    Effect.all([
      sql.unsafe<Written>(writtenStatement(before.at, after.at)),
      sql.unsafe<{ readonly bytes: number }>(`select pg_wal_lsn_diff('${after.at}', '${before.at}')::float8 as bytes`)
    ])
  )
  const per = (sum: number) => [sum / calls]
  const relations = written.filter(({ bytes, relation }) => relation !== null && bytes / calls >= 1)
  const updates = after.updates - before.updates
  return [
    { name: "log per call", unit: "B", aim: "≤ 3,600", runs: per(total?.bytes ?? Number.NaN) },
    ...relations.map(({ bytes, relation }) => ({ name: `log per call, ${relation}`, unit: "B", runs: per(bytes) })),
    {
      name: "index entries per call",
      unit: "",
      aim: "≤ 9",
      runs: per(relations.reduce((sum, { entries }) => sum + entries, 0))
    },
    {
      name: "updates of calls within their page",
      unit: "%",
      aim: "≥ 95",
      runs: [((after.hot - before.hot) / updates) * 100]
    },
    { name: "updates of rows per call", unit: "", runs: per(updates) },
    { name: "CPU per call, database, whole lives", unit: "µs", runs: per(cpuAfter - cpuBefore) }
  ]
}
