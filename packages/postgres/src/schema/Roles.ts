/**
 * The database's roles. `dueline_owner` owns the schema, `dueline_append` the functions that write; the program works as the
 * others, each of which can do no more than its part needs. Roles belong to the whole server, so they are no migration.
 */
import { Effect } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"

/** What a part of the program works as; the role's name is `dueline_<role>`. */
export type DatabaseRole = "writer" | "edge" | "worker" | "ingest"
export const databaseRoles: ReadonlyArray<DatabaseRole> = ["writer", "edge", "worker", "ingest"]

const all = ["dueline_owner", "dueline_append", ...databaseRoles.map((role) => `dueline_${role}`)]

/** Another program may create the same role at the same moment, from another database of the same server. */
const create = (name: string) => `do $$ begin
  if not exists (select from pg_roles where rolname = '${name}') then
    begin
      create role ${name} nologin;
    exception when duplicate_object or unique_violation then null;
    end;
  end if;
end $$`

/** From PostgreSQL 16 on a role's creator is its member at once, yet may not become it until that is granted too. */
const mayBecome = `case when current_setting('server_version_num')::int >= 160000
  then pg_has_role(current_user, r, 'set') else pg_has_role(current_user, r, 'member') end`

/** The owner hands functions over to `dueline_append`; whoever migrates must be able to become the owner and, without logins, each role. */
const memberships = [
  `do $$ begin
    if not pg_has_role('dueline_owner', 'dueline_append', 'member') then
      grant dueline_append to dueline_owner;
    end if;
  end $$`,
  `do $$ declare r text; begin
    foreach r in array array['dueline_owner', ${databaseRoles.map((role) => `'dueline_${role}'`).join(", ")}] loop
      if not (${mayBecome}) then
        execute format('grant %I to current_user', r);
      end if;
    end loop;
  end $$`
]

const login = databaseRoles.map(
  (role) => `do $$ begin
  if not (select rolcanlogin from pg_roles where rolname = 'dueline_${role}') then
    alter role dueline_${role} login;
  end if;
end $$`
)

/** Repeatable. `canLogIn` is for the embedded server, whose socket nobody else can reach, so that no password is needed. */
export const ensureRoles = (sql: SqlClient, canLogIn: boolean) =>
  Effect.forEach(
    [...all.map(create), ...memberships, ...(canLogIn ? login : [])],
    (statement) => sql.unsafe(statement),
    {
      discard: true
    }
  )
