/**
 * The write path of customers, bins and orders. Runs after `commit_batch`, in the same statement, for batches that have such rows,
 * requirements or snapshots: so versions and receipts have been found in order before any rule is looked at.
 *
 * Why no two transactions can both pass where only one may, although each statement sees no more than what was committed before it:
 * an order takes hold of a bin only with the bin's row locked for itself and the customer's row for share; whoever retires a bin, gives
 * it away or erases a customer has that row locked for itself, as its own update does anyhow. So one of the two waits for the end of
 * the other, before it judges. An order judges by the rows it locked, in their newest version, which is what a locking read answers
 * with: a row that came to light only later counts as missing. The others count orders in a statement of its own that begins after
 * they got their lock, and so sees every order of whoever had the lock before. This needs READ COMMITTED, which the pools ask for.
 *
 * Two windows of one bin are kept apart by the constraint alone. The bin's lock, taken before the orders are written, is what spares
 * them waiting for each other in a circle there. Bins are locked before customers, each in order of their ids, for the same reason.
 */
import { belongsToAppend, stablePlan } from "./stablePlan.ts"

/** `p` holds arrays of rows by the name of their table, and of what is required; what is empty is left out. Contents are JSON text. */
const text = (column: string) => `(r.${column} #>> '{}')::json`

interface Upsert {
  readonly key: string
  readonly columns: ReadonlyArray<string>
  readonly json?: ReadonlyArray<string>
}

const rows = (name: string) => `jsonb_to_recordset(coalesce(p -> '${name}', '[]'))`

/** In order of the ids, as the locks. */
const upsert = (table: string, { columns, json = [], key }: Upsert) => `
  if p ? '${table}' then
    insert into dueline.${table} (tenant_id, ${[key, ...columns, ...json].join(", ")})
      select r.tenant_id, ${[...[key, ...columns].map((column) => `r.${column}`), ...json.map(text)].join(", ")}
      from jsonb_populate_recordset(null::dueline.${table}, p -> '${table}') as r order by r.tenant_id, r.${key}
      on conflict (tenant_id, ${key}) do update set ${[...columns, ...json].map((column) => `${column} = excluded.${column}`).join(", ")};
  end if;`

const storeRows = `create function dueline.store_field_rows(p jsonb) returns void language plpgsql as $$
declare
  gone record;
begin${[
  upsert("customers", {
    key: "customer_id",
    columns: ["version", "status", "created_at", "updated_at", "erased_at", "correlation_id"]
  }),
  upsert("personal_data", { key: "customer_id", columns: ["data_key", "profile"] }),
  upsert("bins", {
    key: "bin_id",
    columns: [
      ...["version", "serial_number", "category", "size_litres", "capacity_litres", "status", "lat", "lon"],
      ...["customer_id", "created_at", "updated_at", "correlation_id"]
    ]
  }),
  upsert("orders", {
    key: "order_id",
    columns: [
      ...["version", "customer_id", "bin_id", "kind", "status", "window_from", "window_to"],
      ...["created_at", "updated_at", "ended_at", "correlation_id"]
    ],
    json: ["items", "notifications"]
  }),
  upsert("snapshots", { key: "stream_id", columns: ["version", "form"], json: ["state"] })
].join("\n")}

  for gone in select r.t, r.i from ${rows("forgotten")} as r(t uuid, i uuid) loop
    delete from dueline.personal_data d where d.tenant_id = gone.t and d.customer_id = gone.i;
  end loop;
end $$`

/**
 * Each of the rows looked up by itself, in order of the ids. A join would leave it to the planner to walk the table instead, which is the
 * cheaper way while the table has one row, and is kept while it grows.
 */
const looked = (asked: string, found: string) => `(${asked} order by 1, 2) q cross join lateral (${found}) h`

const binOf = "from dueline.bins b where b.tenant_id = q.t and b.bin_id = q.i for no key update of b"
const customerOf = "from dueline.customers c where c.tenant_id = q.t and c.customer_id = q.i"

/** The rows that may not change until this transaction has ended, so far as they are there. */
const hold = `create function dueline.hold_field_rows(p jsonb) returns void language plpgsql as $$
begin
  perform from ${looked(
    `select r.t, r.i from ${rows("fits")} as r(t uuid, i uuid)
      union select r.t, r.i from ${rows("unused")} as r(t uuid, i uuid)
      union select r.tenant_id, r.bin_id from ${rows("bins")} as r(tenant_id uuid, bin_id uuid)
      union select r.tenant_id, r.bin_id from ${rows("orders")} as r(tenant_id uuid, bin_id uuid)`,
    `select ${binOf}`
  )};
  perform from ${looked(
    `select r.t, r.i from ${rows("idle")} as r(t uuid, i uuid)
      union select r.tenant_id, r.customer_id from ${rows("customers")} as r(tenant_id uuid, customer_id uuid)`,
    `select ${customerOf} for no key update of c`
  )};
end $$`

/** As the indexes have it: see there why not both in the same way. */
const ordered = (such: string) => `(select true from dueline.orders o where ${such} limit 1)`
const ofBin = `o.tenant_id = q.t and o.bin_id = q.i and o.customer_id is distinct from q.c and o.status in ('Scheduled', 'Confirmed')`
const ofCustomer = `o.listed_under = q.t and o.customer_id = q.i and o.status not in ('Draft', 'Completed', 'Cancelled')`

/** The first rule that does not hold, or null. What is required stands in no list twice, so that what is missing can be counted. */
const brokenRule = `create function dueline.broken_rule(p jsonb) returns text language plpgsql as $$
declare
  found_rows integer;
  rule text;
begin
  if p ? 'active' then
    select count(*), min(case when h.status = 'Erased' then 'customer_erased' end) into found_rows, rule
      from ${looked(`select r.t, r.i from ${rows("active")} as r(t uuid, i uuid)`, `select c.status ${customerOf} for share of c`)};
    if found_rows < jsonb_array_length(p -> 'active') then return 'customer_missing'; end if;
    if rule is not null then return rule; end if;
  end if;
  if p ? 'fits' then
    select count(*), min(case when h.status = 'Retired' then 'bin_retired' when h.status <> 'Active' then 'bin_in_maintenance'
        when h.customer_id <> q.c then 'bin_of_another_customer' end) into found_rows, rule
      from ${looked(`select r.t, r.i, r.c from ${rows("fits")} as r(t uuid, i uuid, c uuid)`, `select b.status, b.customer_id ${binOf}`)};
    if found_rows < jsonb_array_length(p -> 'fits') then return 'bin_missing'; end if;
    if rule is not null then return rule; end if;
  end if;
  if exists (select from ${rows("unused")} as q(t uuid, i uuid, c uuid) where ${ordered(ofBin)}) then return 'bin_in_use'; end if;
  if exists (select from ${rows("idle")} as q(t uuid, i uuid) where ${ordered(ofCustomer)}) then return 'customer_in_use'; end if;
  return null;
end $$`

const commitField = `create function dueline.commit_field(p jsonb) returns void
language plpgsql security definer ${stablePlan} as $$
declare
  rule text;
begin
  perform dueline.hold_field_rows(p);
  perform dueline.store_field_rows(p);
  rule := dueline.broken_rule(p);
  if rule is not null then
    raise exception 'rule' using errcode = 'DL010', detail = rule;
  end if;
end $$`

export const fieldWrites: ReadonlyArray<string> = [
  storeRows,
  ...belongsToAppend("store_field_rows(jsonb)", "dueline_append"),
  hold,
  ...belongsToAppend("hold_field_rows(jsonb)", "dueline_append"),
  brokenRule,
  ...belongsToAppend("broken_rule(jsonb)", "dueline_append"),
  commitField,
  ...belongsToAppend("commit_field(jsonb)", "dueline_writer")
]
