-- Where bins are. One function, bins_within, answers which bins of the tenant lie in a ring around a place, and how far away; it finds them
-- with PostGIS where the server has it, else by an index of PostgreSQL's own, and measures them by one formula either way: so the answers are
-- the same. Step 10 of the schema made it; use_postgis and use_plain_geography give it the one body or the other.
--
-- It runs as dueline_append, because row-level security keeps operators it does not trust, such as those of PostGIS, from being asked
-- of an index. The tenant is the one of the session, never an argument; and whoever wants more than ids reads the rows, under the policies.

-- As distanceMetres of the contracts, step by step: to PostgreSQL a number too small to be held is an error, so there are none.
--
-- callers: dueline_append, dueline_edge
create or replace function dueline.distance_metres(p_lat float8, p_lon float8, q_lat float8, q_lon float8) returns float8
language sql immutable parallel safe return
  2 * 6371008.8::float8 * asin(least(1::float8, sqrt(
    sin(radians(q_lat - p_lat + 360 - 360) / 2) ^ 2
    + sin(radians(90 - abs(p_lat))) * sin(radians(90 - abs(q_lat))) * sin(radians(q_lon - p_lon + 360 - 360) / 2) ^ 2)))
;

-- PostGIS looks a metre further than it is asked to, and the formula decides; %1$I is the schema it lives in.
--
-- Whoever may create extensions, or finds them created, calls it once; it is all or nothing, and says which of the two it is now.
--
-- callers: none
create or replace function dueline.use_postgis() returns text language plpgsql set search_path = pg_catalog, pg_temp as $use$
declare
  v_role text := current_setting('role');
  v_home name;
begin
  if not exists (select from pg_available_extensions where name = 'postgis') then
    return 'plain: the server does not have PostGIS';
  end if;
  begin
    -- Extensions are created by whoever has logged in.
    perform set_config('role', 'none', true);
    create extension if not exists postgis schema public;
    create extension if not exists btree_gist schema public;
    perform set_config('role', 'dueline_owner', true);
    select n.nspname into strict v_home
      from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'postgis';
    execute format($index$create index if not exists bin_rows_geography on dueline.bin_rows
      using gist (listed_under, (%1$I.geography(%1$I.st_setsrid(%1$I.st_makepoint(lon, lat), 4326)))) where lat is not null$index$, v_home);
    execute format($function$create or replace function dueline.bins_within(p_lat float8, p_lon float8, p_inner float8, p_outer float8)
returns table (bin_id uuid, distance float8) language plpgsql stable security definer rows 50 {{stable plan}} as $body$declare
  v_tenant uuid := nullif(current_setting('app.current_tenant', true), '')::uuid;
  v_centre %1$I.geography := %1$I.geography(%1$I.st_setsrid(%1$I.st_makepoint(p_lon, p_lat), 4326));
begin
  return query
    select found.bin_id, found.distance from (
      select b.id as bin_id, dueline.distance_metres(p_lat, p_lon, b.lat, b.lon) as distance from dueline.bin_rows b
      where b.listed_under = v_tenant and b.lat is not null
        and %1$I.st_dwithin(%1$I.geography(%1$I.st_setsrid(%1$I.st_makepoint(b.lon, b.lat), 4326)), v_centre, p_outer + 1, false)
    ) found
    where found.distance > p_inner and found.distance <= p_outer;
end$body$$function$, v_home);
    -- Whether dueline_append may use all of it shows when it does.
    perform count(*) from dueline.bins_within(0, 0, -1, 1);
    perform set_config('role', v_role, true);
  exception when others then
    raise notice 'bins are found without PostGIS: %', sqlerrm;
    return 'plain: ' || sqlerrm;
  end;
  return 'postgis';
end $use$
;

-- Back again, for instance before the extension is dropped.
--
-- The circle's box in degrees, a decimetre wider than it is: every meridian when it holds a pole, else the half-width that the circle has
-- where it is widest, in two parts when it crosses the antimeridian. Loops, because a join of strips and bins is planned the other way
-- around: all bins of the tenant first, and then their strips.
--
-- callers: none
create or replace function dueline.use_plain_geography() returns text language plpgsql set search_path = pg_catalog, pg_temp as $use$
begin
  execute $function$create or replace function dueline.bins_within(p_lat float8, p_lon float8, p_inner float8, p_outer float8)
returns table (bin_id uuid, distance float8) language plpgsql stable security definer rows 50 {{stable plan}} as $body$declare
  v_tenant uuid := nullif(current_setting('app.current_tenant', true), '')::uuid;
  v_angle float8 := least(p_outer / 6371008.8, pi());
  v_tall float8 := degrees(v_angle) + 0.000001;
  v_south float8 := p_lat - v_tall;
  v_north float8 := p_lat + v_tall;
  v_pole boolean := v_south <= -90 or v_north >= 90;
  v_wide float8 := case when not v_pole then degrees(asin(least(1, sin(v_angle) / sin(radians(90 - abs(p_lat)))))) + 0.000001 end;
  v_west float8 := case when v_pole then -180 else p_lon - v_wide end;
  v_east float8 := case when v_pole then 180 else p_lon + v_wide end;
  v_part record;
  v_strip integer;
begin
  for v_part in select * from (values (greatest(v_west, -180), least(v_east, 180)), (v_west + 360, 180), (-180, v_east - 360))
    as part (west, east) where west < east
  loop
    for v_strip in floor((greatest(v_south, -90) + 90) * 20)::integer .. floor((least(v_north, 90) + 90) * 20)::integer loop
      return query select found.bin_id, found.distance from (
        select b.id as bin_id, dueline.distance_metres(p_lat, p_lon, b.lat, b.lon) as distance from dueline.bin_rows b
        where b.listed_under = v_tenant and b.lat_cell = v_strip::smallint and b.lon between v_part.west and v_part.east
          and b.lat between v_south and v_north and b.lat is not null
      ) found
      where found.distance > p_inner and found.distance <= p_outer;
    end loop;
  end loop;
end$body$$function$;
  drop index if exists dueline.bin_rows_geography;
  return 'plain';
end $use$
;

-- 'postgis' or 'plain'.
--
-- callers: dueline_edge
create or replace function dueline.geography() returns text language sql stable set search_path = pg_catalog, pg_temp as $$
  select case when to_regclass('dueline.bin_rows_geography') is null then 'plain' else 'postgis' end
$$
;

-- Whichever is in use gets its body as it stands above.
select case dueline.geography() when 'postgis' then dueline.use_postgis() else dueline.use_plain_geography() end
;
