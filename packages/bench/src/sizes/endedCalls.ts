/**
 * Fills a database with calls that have ended. A few hundred are made by the program; the rest are copies of what it wrote for them, under other ids and
 * earlier times, with as many in a transaction as a busy program has.
 */
import { Effect } from "effect"
import { setTimeout as pause } from "node:timers/promises"
import { asAdministrator } from "../administrator.ts"
import { makeLoad, untilAllEnded } from "../Load.ts"
import { posting } from "../posting.ts"
import type { Subject } from "../Subject.ts"
import type { Target } from "../Target.ts"

/** Calls in a transaction, and transactions in a statement. */
const templates = 250
const perStatement = 40
/** Of the templates, so that a list of these few is looked for among all. */
const cancelled = 3

const makeTemplates = async (subject: Subject, target: Target): Promise<void> => {
  const load = makeLoad(subject, 16)
  await load.submit(templates - cancelled, (i) => ({ url: `${target.url}/${i}` }))
  const { all, close, post } = posting(subject)
  await all(cancelled, async () => {
    const body = { delay: "1d", request: { method: "GET", url: `${target.url}/later` } }
    const { id } = (await post("/v1/service-calls", body)) as { readonly id: string }
    await post(`/v1/service-calls/${id}/cancel`, {})
  })
  await close()
  await untilAllEnded(load)
  await load.close()
  // Until they are counted and in the audit tree.
  await pause(5_000)
}

/** What is counted and sealed behind the log waits for what is put in by hand, and then begins behind it: the tree knows nothing of that. */
const park = `update dueline.overview_progress set xact = 9223372036854775807;
  update dueline.audit_tree set event_xact = '9223372036854775807'`
const unpark = (copies: number) => `update dueline.call_counts k set n = k.n + ${copies}::bigint *
    (select count(*) from public.ended_calls c where c.status = k.status);
  update dueline.overview_progress set xact = pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
  update dueline.audit_tree set event_xact = (pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1)::text::xid8,
    event_position = pg_sequence_last_value(pg_get_serial_sequence('dueline.events', 'position'))`

const keep = `create unlogged table public.ended_calls as select * from dueline.service_calls;
  create unlogged table public.ended_events as select * from dueline.events where category = 'service-call';
  create unlogged table public.ended_receipts as select * from dueline.receipts`

const columnsStatement = `select attname::text as name, atttypid::regtype::text as type from pg_attribute
  where attrelid = 'dueline.service_calls'::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`

interface Column {
  readonly name: string
  readonly type: string
}

/** Another call's id in each copy, the same wherever it stands: as ids that are made of keys, they are in no order. */
const idOf = (id: string) => `overlay(overlay(md5(${id}::text || n) placing '8' from 13) placing '8' from 17)::uuid`

const causeOf = (cause: string) => `left(md5(${cause} || n), 13)`

/** Times of a call are its row's only large numbers, and those of an event's content that have thirteen digits. */
const rowPart = ({ name, type }: Column): string => {
  if (name === "call_id") return idOf("c.call_id")
  if (name === "correlation_id") return causeOf("c.correlation_id")
  return type === "bigint" ? `c.${name} + shift` : `c.${name}`
}

const payload = `(select json_object_agg(p.key, case when p.value::text ~ '^1[0-9]{12}$' then to_json(p.value::text::bigint + shift) else p.value end)
  from json_each(e.payload) p)`
/** The correlation id is as unlike anything else in there as the call's own id. */
const renamed = (json: string) =>
  `replace(replace(${json}::text, e.stream_id::text, k.id::text), e.metadata ->> 'correlationId', ${causeOf("(e.metadata ->> 'correlationId')")})::json`

const copyStatement = (columns: ReadonlyArray<Column>, from: number, to: number, copies: number) => `do $$
  declare shift bigint;
  begin
    for n in ${from}..${to} loop
      -- Older than the overview's minutes; a thousand calls a second.
      shift := -10800000 - (${copies} - n)::bigint * ${templates};
      insert into dueline.service_calls (${columns.map(({ name }) => name).join(", ")})
        select ${columns.map(rowPart).join(", ")} from public.ended_calls c;
      insert into dueline.events
        (tenant_id, stream_id, version, category, event_id, type, event_version, payload, metadata, recorded_at)
        select e.tenant_id, k.id, e.version, e.category, gen_random_uuid(), e.type, e.event_version, ${renamed(payload)}, ${renamed("e.metadata")},
          e.recorded_at + shift * interval '1 millisecond'
        from public.ended_events e cross join lateral (select ${idOf("e.stream_id")} as id offset 0) k order by e.position;
      insert into dueline.receipts (tenant_id, key, fingerprint, command_type, stream_id, version, answer, expires_at)
        select r.tenant_id, r.key || '-' || n, r.fingerprint, r.command_type, ${idOf("r.stream_id")}, r.version, r.answer, r.expires_at + shift
        from public.ended_receipts r;
      commit;
    end loop;
  end $$`

/** As the autovacuum leaves them. */
const tidy = ["dueline.service_calls", "dueline.events", "dueline.receipts"].map((table) => `vacuum (analyze) ${table}`)

/** Returns how many there are; `count` is rounded up to whole statements. */
export const fillWithEnded = async (subject: Subject, target: Target, count: number): Promise<number> => {
  await makeTemplates(subject, target)
  const statements = Math.ceil(count / (templates * perStatement))
  const copies = statements * perStatement
  await asAdministrator(subject, (sql) =>
    Effect.gen(function* () {
      const each = (text: string) => Effect.forEach(text.split(";"), (one) => sql.unsafe(one), { discard: true })
      yield* each(park)
      yield* each(keep)
      yield* sql.unsafe("set synchronous_commit = off")
      const columns = yield* sql.unsafe<Column>(columnsStatement)
      for (let n = 0; n < statements; n++) {
        yield* sql.unsafe(copyStatement(columns, n * perStatement + 1, (n + 1) * perStatement, copies))
        if ((n + 1) % 50 === 0) console.error(`  ${((n + 1) * perStatement * templates).toLocaleString("en")} rows`)
      }
      yield* each(unpark(copies))
      yield* Effect.forEach(tidy, (one) => sql.unsafe(one), { discard: true })
    })
  )
  return (copies + 1) * templates
}
