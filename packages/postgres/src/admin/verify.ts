/** Holds the log against itself and against the read models, on real data: the part of `dueline verify` that needs no folding. */
import { CommandId } from "@dueline/contracts/Ids"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Effect, Schema } from "effect"
import { Database } from "../Database.ts"
import { asking, retryable } from "../SqlFailure.ts"
import { EventLog, type LoggedEvent, type LogMark, start } from "../read/PostgresEventSource.ts"
import { type RowTable, rowTables } from "../schema/rowTables.ts"
import { askWhole } from "./ReadModels.ts"

const Metadata = Schema.Struct({
  commandId: CommandId,
  correlationId: Schema.NonEmptyString,
  actor: Schema.Struct({ kind: Schema.Literals(["user", "system"]), id: Schema.NonEmptyString }),
  traceparent: Schema.NullOr(Schema.String)
})

/** By type and shape alone: a value that was exchanged for another possible one is not seen. */
export const isEventMetadata: (metadata: unknown) => boolean = Schema.is(Metadata)

export interface Finding {
  readonly check: "versions" | "row" | "order" | "metadata" | "category"
  readonly tenantId: string
  readonly streamId: string
  readonly detail: string
}

export interface Verification {
  readonly events: number
  /** Bounded: the first hundred of each check. */
  readonly findings: ReadonlyArray<Finding>
}

/** A stream of n events has the versions 1 to n. */
const gaps = `select tenant_id::text as "tenantId", stream_id::text as "streamId",
    format('%s events end at version %s', count(*), max(version)) as detail
  from dueline.events group by tenant_id, stream_id having count(*) <> max(version) or min(version) <> 1 limit 100`

/** The row stands at its stream's last version, and every aggregate has a row. */
const drift = ({ category, id, table }: RowTable): string =>
  `select coalesce(e.tenant_id, r.tenant_id)::text as "tenantId", coalesce(e.stream_id, r.${id})::text as "streamId",
    format('the row is at version %s, the stream at %s', coalesce(r.version, 0), coalesce(e.version, 0)) as detail
  from (select tenant_id, stream_id, max(version) as version from dueline.events where category = '${category}' group by 1, 2) e
  full join dueline.${table} r on r.tenant_id = e.tenant_id and r.${id} = e.stream_id
  where r.version is distinct from e.version limit 100`

const page = 4_000

const categories: ReadonlySet<string> = new Set(rowTables.map(({ category }) => category))

/** Whether every transaction that was under way when `next` was the next one has ended: then a reader sees all that was there. */
const ended = `select pg_snapshot_xmin(pg_current_snapshot()) >= $1::text::xid8 as ended`
const next = `select pg_snapshot_xmax(pg_current_snapshot())::text as next`

/** How long transactions under way are waited for, in milliseconds, and how often it is looked. What they hold back is not walked after that. */
const patienceMs = 10_000
const lookMs = 100

/** Follows the log as a reader would, then counts what a reader should have seen up to there. */
const walk = Effect.gen(function* () {
  const log = yield* EventLog
  const { writer } = yield* Database
  const [begun] = yield* writer.unsafe<{ readonly next: string }>(next).pipe(asking("verify"))
  const hasEnded = writer.unsafe<{ readonly ended: boolean }>(ended, [begun?.next ?? "0"]).pipe(
    asking("verify"),
    Effect.map(([row]) => row?.ended !== false)
  )
  let whole = false
  let waitedMs = 0
  const findings: Array<Finding> = []
  let mark: LogMark = start
  let seen = 0
  const add = (check: "metadata" | "category", { streamId, tenantId }: LoggedEvent, detail: string) => {
    if (findings.filter((found) => found.check === check).length < 100)
      findings.push({ check, tenantId, streamId, detail })
  }
  for (;;) {
    // Before the page is read: what it shows then is all there was.
    whole ||= yield* hasEnded
    const events = yield* log.read(mark, page)
    for (const event of events) {
      const { category, metadata, version } = event
      if (!isEventMetadata(metadata)) add("metadata", event, `the metadata of version ${version} is damaged`)
      if (!categories.has(category)) add("category", event, `version ${version} is of the unknown category ${category}`)
    }
    seen += events.length
    mark = events.at(-1)?.mark ?? mark
    if (events.length === page) continue
    if (whole || waitedMs >= patienceMs) return { findings, mark, seen }
    waitedMs += lookMs
    yield* Effect.sleep(lookMs)
  }
})

const passed = `select count(*)::int as passed from dueline.events where (xact, position) <= ($1::text::xid8, $2::float8::bigint)`

/**
 * Events of transactions that this server has yet to begin: a dump of another server was restored here. Readers of the log pass nothing that may
 * still be under way, so until the server has counted that far they see none of these events, and those of new transactions come before them.
 */
const ahead = `select count(*)::int as events, max(xact)::text as xact, pg_snapshot_xmax(pg_current_snapshot())::text as next
  from dueline.events where (xact::text)::bigint >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint`

interface Ahead {
  readonly events: number
  readonly xact: string | null
  readonly next: string
}

const aheadOf = ({ events, next, xact }: Ahead): Finding => ({
  check: "order",
  tenantId: "",
  streamId: "",
  detail:
    `${events} events are of transactions up to ${xact}, and this server begins ${next} next: a dump was restored into a server that has ` +
    "counted fewer. Nothing that follows the log sees these events. Restore a physical backup instead"
})

/** A check that reads whole tables. */
export const verifying = <Row extends object = Omit<Finding, "check">>(
  statement: string,
  parameters: ReadonlyArray<unknown> = []
) => Effect.flatMap(Database, ({ writer }) => askWhole<Row>(writer, statement, parameters).pipe(retryable("verify")))

type Verifying = Effect.Effect<Verification, StoreUnavailable, Database | EventLog>

/** The log against itself. Reads everything once; runs beside a working program. */
export const verifyLog: Verifying = Effect.gen(function* () {
  const { findings, mark, seen } = yield* walk
  const counted = yield* verifying<{ readonly passed: number }>(passed, [mark.transaction, mark.position])
  const behind = counted[0]?.passed ?? 0
  // What retention removed meanwhile was seen and is not there any more: that is no finding.
  const order: ReadonlyArray<Finding> =
    behind <= seen
      ? []
      : [{ check: "order", tenantId: "", streamId: "", detail: `a reader saw ${seen} events, ${behind} are there` }]
  const [counter] = yield* verifying<Ahead>(ahead)
  const early = counter !== undefined && counter.events > 0 ? [aheadOf(counter)] : []
  const versions = (yield* verifying(gaps)).map((found): Finding => ({ check: "versions", ...found }))
  return { events: seen, findings: [...order, ...early, ...versions, ...findings] }
})

/** And whether each row stands where its stream ends: a look at all of them for whoever cannot fold events. */
export const verify: Verifying = Effect.gen(function* () {
  const { events, findings } = yield* verifyLog
  const drifted = yield* Effect.forEach(rowTables, (table) => verifying(drift(table)))
  return { events, findings: [...findings, ...drifted.flat().map((found): Finding => ({ check: "row", ...found }))] }
})

/** Whether what refers to something refers to what is there: receipts, tenants, profiles, snapshots, counts, deliveries, dead letters. Set by set, in the database itself. */
export interface LooseEnd {
  readonly check: "receipt" | "tenant" | "profile" | "snapshot" | "counts" | "delivery" | "letter"
  readonly tenantId: string
  readonly streamId: string
  readonly detail: string
}

/** The first of each tenant's events, by skipping from tenant to tenant along the key. */
const strangeTenants = `with recursive t as (
    (select tenant_id from dueline.events order by tenant_id limit 1)
    union all
    select (select e.tenant_id from dueline.events e where e.tenant_id > t.tenant_id order by e.tenant_id limit 1)
    from t where t.tenant_id is not null
  )
  select t.tenant_id::text as "tenantId", '' as "streamId",
    'there are events of this tenant, and no such tenant' as detail
  from t where t.tenant_id is not null and not exists (select from dueline.tenant_rows n where n.tenant_id = t.tenant_id and n.id = t.tenant_id) limit 100`

/** Until it expires, a receipt proves that its command was carried out, as the event at its version. */
const looseReceipts = `select r.tenant_id::text as "tenantId", r.stream_id::text as "streamId",
    format('the receipt for the key %s names version %s, which is not there', left(r.key, 60), r.version) as detail
  from dueline.receipts r
  where not exists (select from dueline.events e where e.tenant_id = r.tenant_id and e.stream_id = r.stream_id and e.version = r.version)
  limit 100`

const looseProfiles = `select d.tenant_id::text as "tenantId", d.customer_id::text as "streamId",
    'there is a profile of a customer who is not there' as detail
  from dueline.personal_data d
  where not exists (select from dueline.customer_rows c where c.tenant_id = d.tenant_id and c.id = d.customer_id)
    and not exists (select from dueline.courier_source_rows c where c.tenant_id = d.tenant_id and c.id = d.customer_id)
    and not exists (select from dueline.schedule_rows s where s.tenant_id = d.tenant_id and s.id = d.customer_id)
    and not exists (select from dueline.subscription_rows u where u.tenant_id = d.tenant_id and u.id = d.customer_id)
    and not exists (select from dueline.ingestion_rows i where i.tenant_id = d.tenant_id and i.id = d.customer_id) limit 100`

const looseSnapshots = `select s.tenant_id::text as "tenantId", s.stream_id::text as "streamId",
    'there is a snapshot of a stream that is not there' as detail
  from dueline.snapshots s
  where not exists (select from dueline.events e where e.tenant_id = s.tenant_id and e.stream_id = s.stream_id) limit 100`

const wrongCounts = `select tenant::text as "tenantId", '' as "streamId",
    format('the overview counts %s calls as %s, there are %s', counted, state, there) as detail
  from dueline.wrong_call_counts()`

const wrongDeliveries = `select tenant::text as "tenantId", subscription::text as "streamId", detail from dueline.wrong_deliveries()`

const wrongLetters = `select tenant::text as "tenantId", letter::text as "streamId", detail from dueline.wrong_dead_letters()`

const checks: ReadonlyArray<readonly [check: LooseEnd["check"], statement: string]> = [
  ["tenant", strangeTenants],
  ["receipt", looseReceipts],
  ["profile", looseProfiles],
  ["snapshot", looseSnapshots],
  ["counts", wrongCounts],
  ["delivery", wrongDeliveries],
  ["letter", wrongLetters]
]

/** Bounded: the first hundred of each kind. A program may be at work meanwhile: each statement sees one moment. */
export const verifyReferences: Effect.Effect<ReadonlyArray<LooseEnd>, StoreUnavailable, Database> = Effect.map(
  Effect.forEach(checks, ([check, statement]) =>
    Effect.map(verifying(statement), (found) => found.map((each): LooseEnd => ({ check, ...each })))
  ),
  (found) => found.flat()
)

/** Where calls are counted wrongly, whoever counts them begins anew. True when that was so. */
export const recountCalls: Effect.Effect<boolean, StoreUnavailable, Database> = Effect.map(
  verifying<{ readonly begun: boolean }>("select dueline.recount_calls() as begun"),
  ([row]) => row?.begun === true
)
