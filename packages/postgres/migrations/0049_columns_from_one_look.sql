-- Columns of rows that are documents are filled by a trigger, which reads the document once. Generated columns read it once for each of them: that
-- was most of what a row cost.
--
-- They are declared as before, as generated ones, and turned here: what a column is made from stands in its comment. Programs of the release before
-- write the row alone, as this one does, and notice nothing.

-- Turns the generated columns of a table of rows, and answers with how many there were. A column that is added later is declared as a generated
-- one too, and this is called again; until then it is what it says, and costs what it did.
create function dueline.fill_columns(p_table name) returns integer language plpgsql set search_path = pg_catalog, pg_temp as $make$
declare
  v_function text := 'fill_' || p_table;
  v_table oid := format('dueline.%I', p_table)::regclass;
  v_generated record;
  v_turned integer := 0;
  v_body text;
begin
  for v_generated in
    select a.attname as name, pg_get_expr(d.adbin, d.adrelid) as expression
    from pg_attribute a join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = v_table and a.attgenerated = 's' order by a.attnum
  loop
    execute format('comment on column dueline.%I.%I is %L', p_table, v_generated.name, v_generated.expression);
    execute format('alter table dueline.%I alter column %I drop expression', p_table, v_generated.name);
    v_turned := v_turned + 1;
  end loop;
  if v_turned = 0 then return 0; end if;

  -- jsonb answers at once for each member; what only json has a function for goes on reading the document.
  select string_agg(format('  new.%I := %s;', a.attname,
      replace(c.expression, '"row"', case when c.expression ~ '\mjson_' then 'new."row"' else 'v_row' end)), e'\n' order by a.attnum)
    into v_body
    from pg_attribute a cross join lateral (select col_description(a.attrelid, a.attnum) as expression) c
    where a.attrelid = v_table and a.attnum > 0 and not a.attisdropped and c.expression is not null;
  execute format('create or replace function dueline.%I() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as %L', v_function,
    e'declare\n  v_row jsonb := new."row";\nbegin\n' || v_body || e'\n  return new;\nend');
  execute format('revoke all on function dueline.%I() from public', v_function);
  execute format('create or replace trigger columns before insert or update on dueline.%I for each row execute function dueline.%I()', p_table,
    v_function);
  return v_turned;
end $make$
;
revoke all on function dueline.fill_columns(name) from public
;

-- As it was, but for the last line.
create or replace function dueline.make_rows_table(p_kind text, p_id text, p_columns text) returns void language plpgsql set search_path = pg_catalog, pg_temp as $make$
declare
  v_table text := dueline.rows_table(p_kind);
begin
  execute format($sql$create table dueline.%I (
      tenant_id uuid not null generated always as ((row ->> 'tenantId')::uuid) stored,
      id uuid not null generated always as ((row ->> %L)::uuid) stored,
      row json not null,
      version integer not null generated always as ((row ->> 'version')::integer) stored,
      created_at bigint not null generated always as ((row ->> 'createdAt')::bigint) stored,
      updated_at bigint not null generated always as ((row ->> 'updatedAt')::bigint) stored,
      listed_under uuid not null generated always as ((row ->> 'tenantId')::uuid) stored,
      %s
    ) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)$sql$, v_table, p_id, p_columns);
  execute format('create index %I on dueline.%I (listed_under, created_at, id)', v_table || '_list', v_table);
  execute format('alter table dueline.%I add primary key (tenant_id, id)', v_table);
  execute format('alter table dueline.%I enable row level security', v_table);
  execute format('alter table dueline.%I force row level security', v_table);
  execute format($sql$create policy edge_reads on dueline.%I for select to dueline_edge
    using (tenant_id = (select nullif(current_setting('app.current_tenant', true), '')::uuid))$sql$, v_table);
  execute format('create policy writer_reads on dueline.%I for select to dueline_writer using (true)', v_table);
  execute format('create policy append_writes on dueline.%I to dueline_append using (true) with check (true)', v_table);
  execute format('grant select, insert, update, delete on dueline.%I to dueline_append', v_table);
  execute format('grant select on dueline.%I to dueline_writer, dueline_edge', v_table);
  perform dueline.fill_columns(v_table);
end $make$
;
