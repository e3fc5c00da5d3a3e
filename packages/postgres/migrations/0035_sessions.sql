-- Sessions of people, and digests of what they are held by: no process reads or writes them but by the functions.
create table dueline.sessions (
  tenant_id uuid not null,
  session_id uuid not null,
  subject text not null check (length(subject) <= 1000),
  -- Further tenants, roles, scopes and the way of signing in, as the program writes them.
  facts json not null,
  created_at bigint not null,
  expires_at bigint not null,
  idle_ms bigint not null,
  holder text check (holder in ('browser', 'client')),
  used_at bigint not null,
  ended_at bigint,
  ended_by text check (ended_by in ('signed-out', 'ended', 'reused')),
  primary key (tenant_id, session_id)
) with (fillfactor = 50)
;
create index sessions_list on dueline.sessions (tenant_id, created_at desc, session_id desc)
;
create table dueline.session_secrets (
  tenant_id uuid not null,
  session_id uuid not null,
  digest text not null check (length(digest) = 43),
  kind text not null check (kind in ('code', 'browser', 'client')),
  -- Of a code.
  expires_at bigint,
  made_at bigint not null,
  replaced_at bigint,
  exchanges integer not null default 0,
  primary key (tenant_id, session_id, digest),
  foreign key (tenant_id, session_id) references dueline.sessions on delete cascade
)
;
alter table dueline.sessions enable row level security
;
alter table dueline.sessions force row level security
;
alter table dueline.session_secrets enable row level security
;
alter table dueline.session_secrets force row level security
;
create policy append_writes on dueline.sessions to dueline_append using (true) with check (true)
;
create policy append_writes on dueline.session_secrets to dueline_append using (true) with check (true)
;
grant select, insert, update, delete on dueline.sessions, dueline.session_secrets to dueline_append
;
