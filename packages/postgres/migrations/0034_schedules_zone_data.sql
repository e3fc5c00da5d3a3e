-- Which schedules have a next time that was found by older zone data is known without looking at the others.
alter table dueline.schedule_rows add column zone_data text not null generated always as (row ->> 'zoneData') stored
;
create index schedule_rows_zone_data on dueline.schedule_rows (zone_data, id) where wake_at is not null
;
