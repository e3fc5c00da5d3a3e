/** Whether what refers to something refers to what is there: receipts, tenants, profiles, snapshots, counts, deliveries, dead letters. Set by set, in the database itself. */
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Effect } from "effect"
import type { Database } from "../Database.ts"
import { verifying } from "./verify.ts"

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
