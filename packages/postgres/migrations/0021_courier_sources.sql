-- Courier sources: a name is one source's in its tenant, be it a disabled one's.
select dueline.make_rows_table('courier-source', 'courierSourceId', $$
  name text not null generated always as (row ->> 'name') stored,
  status text not null generated always as (row ->> 'status') stored,
  constraint source_name_taken unique (name, tenant_id) deferrable initially immediate
$$)
;

-- A request of a courier names its source alone: which tenant it is about is found out by that.
create index courier_source_rows_address on dueline.courier_source_rows (id)
;
