-- Schedules. What is due is found along one index, whatever else there is.
select dueline.make_rows_table('schedule', 'scheduleId', $$
  name text generated always as (row ->> 'name') stored,
  status text not null generated always as (row ->> 'status') stored,
  zone text not null generated always as (row #>> '{timing,zone}') stored,
  next_at bigint generated always as ((row ->> 'nextAt')::bigint) stored,
  wake_at bigint generated always as ((row ->> 'wakeAt')::bigint) stored
$$)
;
create index schedule_rows_wake on dueline.schedule_rows (wake_at, id) where wake_at is not null
;
