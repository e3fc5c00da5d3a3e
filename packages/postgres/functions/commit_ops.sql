-- The write path of aggregates whose rows are documents. Runs after commit_batch, in the same statement, for batches that have such rows,
-- requirements or snapshots: so versions and receipts have been found in order before any rule is looked at.
--
-- Why no two transactions can both pass where only one may, although each statement sees no more than what was committed before it:
-- an order takes hold of a bin only with the bin's row locked for itself and the customer's row for share; whoever retires a bin, gives
-- it away or erases a customer has that row locked for itself, as its own update does anyhow. So one of the two waits for the end of
-- the other, before it judges. An order judges by the rows it locked, in their newest version, which is what a locking read answers
-- with: a row that came to light only later counts as missing. The others count orders in a statement of its own that begins after
-- they got their lock, and so sees every order of whoever had the lock before. This needs READ COMMITTED, which the pools ask for.
--
-- Two windows of one bin are kept apart by the constraint alone. The bin's lock, taken before the orders are written, is what spares
-- them waiting for each other in a circle there. Bins are locked before customers, and these before orders, each in order of their ids, for
-- the same reason: the kinds come in order of their names.

-- What can stand in a row's JSON, but in no text, becomes U+FFFD: `->>` reads a whole document and would refuse it.
--
-- callers: dueline_append, dueline_writer
-- owner: dueline_append
create or replace function dueline.storable_json(p json) returns json language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
  select case when p::text !~ '\\u(?:0000|[dD][89a-fA-F])' then p else regexp_replace(regexp_replace(regexp_replace(p::text,
    '(?<!\\)((?:\\\\)*)\\u0000', '\1\\ufffd', 'g'),
    '(?<!\\)((?:\\\\)*)\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])', '\1\\ufffd', 'g'),
    '(?<!\\)(?<!\\u[dD][89abAB][0-9a-fA-F]{2})((?:\\\\)*)\\u[dD][c-fC-F][0-9a-fA-F]{2}', '\1\\ufffd', 'g')::json end
$$
;

-- p holds lists; what is empty is left out.
--   rows       k the kind, t the tenant, i the id, n whether it is new, r the row as JSON text
--   attached   t, i, s what was sealed: a key, a dot, and what it locks
--   forgotten  t, i
--   snapshots  t, i, v the version, f the form, s the state as JSON text
--   hold       k, t, i: rows that may not change until the transaction has ended
--   is         k, t, i, h ('share', 'update'), missing, unless: a row that has to be there and the rules that its fields may break, the first counts
--   none       k, t, w, rule: conditions that no row of the tenant may meet
--
-- Rows are written in order of their ids, as the locks are taken. A kind without a table of rows is an error, and nothing is stored.
--
-- callers: dueline_append
-- owner: dueline_append
create or replace function dueline.store_ops_rows(p jsonb) returns void language plpgsql as $$
declare
  v_part record;
  v_table text;
  v_rows text := 'select r.t, r.i, case when strpos(r.r, ''\u'') = 0 then r.r::json else dueline.storable_json(r.r::json) end as row
    from jsonb_to_recordset($1 -> ''rows'') as r(k text, t uuid, i uuid, n boolean, r text) where r.k = $2 and r.n = $3 order by r.t, r.i';
  v_updated integer;
  gone record;
begin
  for v_part in select r.k collate "C" as k, count(*) filter (where r.n) as new, count(*) filter (where not r.n) as old
    from jsonb_to_recordset(coalesce(p -> 'rows', '[]')) as r(k text, n boolean) group by 1 order by 1
  loop
    v_table := dueline.rows_table(v_part.k);
    -- An upsert computes the columns of a row that is there twice. It is for rows that are not there although they should be.
    if v_part.old > 0 then
      execute format('update dueline.%I o set row = d.row from (%s) d where o.tenant_id = d.t and o.id = d.i', v_table, v_rows)
        using p, v_part.k, false;
      get diagnostics v_updated = row_count;
      if v_updated < v_part.old then
        execute format('insert into dueline.%I (row) select d.row from (%s) d on conflict (tenant_id, id) do update set row = excluded.row',
          v_table, v_rows) using p, v_part.k, false;
      end if;
    end if;
    if v_part.new > 0 then
      execute format('insert into dueline.%I (row) select d.row from (%s) d on conflict (tenant_id, id) do update set row = excluded.row',
        v_table, v_rows) using p, v_part.k, true;
    end if;
  end loop;

  if p ? 'attached' then
    insert into dueline.personal_data (tenant_id, customer_id, data_key, profile)
      select r.t, r.i, split_part(r.s, '.', 1), substr(r.s, strpos(r.s, '.') + 1)
      from jsonb_to_recordset(p -> 'attached') as r(t uuid, i uuid, s text) order by r.t, r.i
      on conflict (tenant_id, customer_id) do update set data_key = excluded.data_key, profile = excluded.profile;
  end if;

  if p ? 'snapshots' then
    insert into dueline.snapshots (tenant_id, stream_id, version, form, state)
      select r.t, r.i, r.v, r.f, r.s::json
      from jsonb_to_recordset(p -> 'snapshots') as r(t uuid, i uuid, v integer, f integer, s text) order by r.t, r.i
      on conflict (tenant_id, stream_id) do update set version = excluded.version, form = excluded.form, state = excluded.state;
  end if;

  for gone in select r.t, r.i from jsonb_to_recordset(coalesce(p -> 'forgotten', '[]')) as r(t uuid, i uuid) loop
    delete from dueline.personal_data d where d.tenant_id = gone.t and d.customer_id = gone.i;
  end loop;
end $$
;

-- The rows that may not change until this transaction has ended, so far as they are there. A row that is new is not there. Where nothing but the
-- batch's own rows would be held it is not asked: they are updated kind by kind and in order of their ids too, which takes the same locks in the same
-- order.
--
-- Each of the rows is looked up by itself, in order of the ids. A join would leave it to the planner to walk the table instead, which is the
-- cheaper way while the table has one row.
--
-- callers: dueline_append
-- owner: dueline_append
create or replace function dueline.hold_ops_rows(p jsonb) returns void language plpgsql as $$
declare
  v_held jsonb := coalesce(p -> 'hold', '[]')
    || coalesce((select jsonb_agg(r.e - 'r') from jsonb_array_elements(p -> 'rows') as r(e) where not (r.e -> 'n')::boolean), '[]')
    || coalesce((select jsonb_agg(r.e) from jsonb_array_elements(p -> 'is') as r(e) where r.e ->> 'h' = 'update'), '[]');
  v_kind text;
begin
  for v_kind in select distinct r.k collate "C" from jsonb_to_recordset(v_held) as r(k text) order by 1 loop
    execute format('select from (
        select distinct r.t, r.i from jsonb_to_recordset($1) as r(k text, t uuid, i uuid) where r.k = $2 order by 1, 2
      ) q cross join lateral (
        select from dueline.%I r where r.tenant_id = q.t and r.id = q.i for no key update of r
      ) held', dueline.rows_table(v_kind)) using v_held, v_kind;
  end loop;
end $$
;

-- A test on a row that goes by r, as SQL: `{"c": "status", "is": ["Scheduled"]}` is `r.status in ('Scheduled')`.
--
-- callers: dueline_append
-- owner: dueline_append
create or replace function dueline.test_in_sql(p_test jsonb) returns text language plpgsql immutable as $$
declare
  v_values jsonb := coalesce(p_test -> 'is', p_test -> 'isNot');
  v_list text := (select string_agg(quote_literal(v.e), ', ') from jsonb_array_elements_text(v_values) as v(e));
  v_is text := coalesce(format('r.%I in (', p_test ->> 'c') || v_list || ')', 'false');
begin
  if v_values @> '[null]' then
    v_is := format('(%s or r.%I is null)', v_is, p_test ->> 'c');
  end if;
  return case when p_test ? 'is' then v_is else format('(%s) is not true', v_is) end;
end $$
;

-- The first rule that does not hold, or null. A test names a column in `c`, and the values that are in it (`is`) or that are not (`isNot`); null
-- is a value as any other. What must be is judged before what must not. The tenant is compared so that no index is asked for it: the primary key
-- would lead through all of the tenant's rows.
--
-- callers: dueline_append
-- owner: dueline_append
create or replace function dueline.broken_ops_rule(p jsonb) returns text language plpgsql as $$
declare
  v_part record;
  v_broken record;
  v_at bigint;
  v_rule text;
  v_none record;
  v_found boolean;
begin
  for v_part in select distinct r.k collate "C" as k, r.h from jsonb_to_recordset(coalesce(p -> 'is', '[]')) as r(k text, h text) order by 1, 2 loop
    execute format('select j.n, j.rule from (
        select q.n, case when held.row is null then q.missing else (
          select u.e ->> ''rule'' from jsonb_array_elements(q.unless) with ordinality as u(e, m)
          where u.e -> ''is'' @> jsonb_build_array(held.row -> (u.e ->> ''c''))
            or not u.e -> ''isNot'' @> jsonb_build_array(held.row -> (u.e ->> ''c''))
          order by u.m limit 1
        ) end as rule
        from (
          select r.t, r.i, r.missing, r.unless, r.n
          from rows from (jsonb_to_recordset($1) as (k text, h text, t uuid, i uuid, missing text, unless jsonb)) with ordinality
            as r(k, h, t, i, missing, unless, n)
          where r.k = $2 and r.h = $3 order by r.t, r.i
        ) q left join lateral (
          select to_jsonb(r) - ''row'' as row from dueline.%I r where r.tenant_id = q.t and r.id = q.i for %s of r
        ) held on true
      ) j where j.rule is not null order by j.n limit 1',
      dueline.rows_table(v_part.k), case v_part.h when 'update' then 'no key update' else 'share' end)
      into v_broken using p -> 'is', v_part.k, v_part.h;
    if v_broken.n < v_at or v_at is null then
      v_at := v_broken.n;
      v_rule := v_broken.rule;
    end if;
  end loop;
  if v_rule is not null then return v_rule; end if;

  for v_none in select * from jsonb_to_recordset(coalesce(p -> 'none', '[]')) as r(k text, t uuid, w jsonb, rule text) loop
    execute (
      select format('select exists (select from dueline.%I r where (r.tenant_id = %L) is true and %s limit 1)', dueline.rows_table(v_none.k), v_none.t,
        string_agg(dueline.test_in_sql(c.e), ' and '))
      from jsonb_array_elements(v_none.w) as c(e)
    ) into v_found;
    if v_found then return v_none.rule; end if;
  end loop;
  return null;
end $$
;

-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.commit_ops(p jsonb) returns void
language plpgsql security definer {{stable plan}} as $$
declare
  rule text;
begin
  if p ? 'hold' or p ? 'is' then
    perform dueline.hold_ops_rows(p);
  end if;
  perform dueline.store_ops_rows(p);
  if p ? 'is' or p ? 'none' then
    rule := dueline.broken_ops_rule(p);
  end if;
  if rule is not null then
    raise exception 'rule' using errcode = 'DL010', detail = rule;
  end if;
end $$
;
