-- Dead letters have an id of their own, and know whether they were replayed, how often, and by which job.

alter table dueline.dead_letters
  add column letter_id uuid not null default gen_random_uuid(),
  add column state text not null default 'Waiting' check (state in ('Waiting', 'Replaying', 'Replayed')),
  add column replays integer not null default 0,
  add column replay_job uuid,
  add column replayed_at bigint
;
create unique index dead_letters_by_id on dueline.dead_letters (tenant_id, letter_id)
;
create index dead_letters_list on dueline.dead_letters (tenant_id, died_at desc, letter_id desc)
;
grant update on dueline.dead_letters to dueline_append
;
