-- Columns of documents are filled also in sessions that act as replicas, whose triggers otherwise rest: what was generated was computed there too.
lock table dueline.events in share mode
;
do $$
declare
  v_table name;
begin
  for v_table in
    select c.relname from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where c.relnamespace = 'dueline'::regnamespace and t.tgname = 'columns' order by c.relname
  loop
    execute format('alter table dueline.%I enable always trigger columns', v_table);
  end loop;
end $$
;

-- As it was, but for the last statement.
create or replace function dueline.fill_columns(p_table name) returns integer language plpgsql set search_path = pg_catalog, pg_temp as $make$
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
  execute format('alter table dueline.%I enable always trigger columns', p_table);
  return v_turned;
end $make$
;
