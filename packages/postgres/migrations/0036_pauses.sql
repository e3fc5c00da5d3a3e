-- Pauses. Those that hold, or release at a rate, are found along one index, however many there have been.
select dueline.make_rows_table('pause', 'pauseId', $$
  of text not null generated always as (row ->> 'of') stored,
  key text generated always as (row ->> 'key') stored,
  status text not null generated always as (row ->> 'status') stored,
  resumed_at bigint generated always as ((row ->> 'resumedAt')::bigint) stored,
  release_per_second double precision generated always as ((row ->> 'releasePerSecond')::double precision) stored,
  in_force boolean not null generated always as (row ->> 'status' = 'Active' or row ->> 'releasePerSecond' is not null) stored
$$)
;
create index pause_rows_in_force on dueline.pause_rows (created_at, id) where in_force
;
