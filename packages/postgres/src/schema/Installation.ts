/**
 * Which installation a database belongs to, and which keys have been used with it. The database holds fingerprints only: hashes from
 * which nobody gets back to a key. Everything goes by the writer's rights.
 */
import { PgTypes } from "@effect/sql-pg"
import { Effect, Result } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { asking } from "../SqlFailure.ts"

/** `seal`: opens what was sealed. `sign`: what calls are signed with follows from it. `token`: access tokens are signed with it. */
export type KeyPurpose = "seal" | "sign" | "token"

export interface NotedKey {
  readonly purpose: KeyPurpose
  readonly fingerprint: string
}

export interface InstallationFacts {
  /** Null until a first start has been through. */
  readonly id: string | null
  readonly keys: ReadonlyArray<NotedKey>
  /** Something was sealed for it, so that its keys were in use, whatever is noted of them. */
  readonly used: boolean
}

/** Sealed texts as they lie in the database, with what they are bound to: enough to try a key on. */
export interface SealedSamples {
  readonly request: { readonly tenantId: string; readonly callId: string; readonly sealed: string } | null
  readonly profile: { readonly tenantId: string; readonly customerId: string; readonly sealed: string } | null
}

const factsStatement = `select (select installation_id::text from dueline.installation) as id,
    coalesce((select json_agg(json_build_object('purpose', purpose, 'fingerprint', fingerprint)) from dueline.installation_keys), '[]') as keys,
    exists (select from dueline.service_calls) or exists (select from dueline.personal_data) as used`

/** One statement. */
export const readInstallation = (sql: SqlClient) =>
  sql.unsafe<InstallationFacts>(factsStatement).pipe(
    Effect.map(([facts]) => facts ?? { id: null, keys: [], used: false }),
    asking("read the installation")
  )

/** For a process with the rights of `dueline_ingest` alone. */
export const readInstallationNarrowly = (sql: SqlClient) =>
  sql.unsafe<{ readonly facts: InstallationFacts }>("select dueline.installation_facts() as facts").pipe(
    Effect.map(([row]) => row?.facts ?? { id: null, keys: [], used: false }),
    asking("read the installation")
  )

/** Calls that are still to be made are few and indexed, and theirs are the requests that matter. */
const samplesStatement = `select
    (select json_build_object('tenantId', c.tenant_id, 'callId', c.call_id, 'sealed', c.sealed) from dueline.service_calls c
      where c.wake_at is not null and c.sealed is not null order by c.wake_at limit 1) as request,
    (select json_build_object('tenantId', d.tenant_id, 'customerId', d.customer_id, 'sealed', d.data_key || '.' || d.profile)
      from dueline.personal_data d join dueline.customer_rows c on c.tenant_id = d.tenant_id and c.id = d.customer_id limit 1) as profile`

export const readSamples = (sql: SqlClient) =>
  sql.unsafe<SealedSamples>(samplesStatement).pipe(
    Effect.map(([samples]) => samples ?? { request: null, profile: null }),
    asking("read sealed samples")
  )

const texts = (values: ReadonlyArray<string>) => Result.getOrThrow(PgTypes.array([...values], PgTypes.OID.text))

/**
 * Keeps the id and the keys; answers the id that holds from now on, or null when keys are noted that are not among those `seen`: then
 * nothing was kept. `replace` forgets every other key.
 */
export const noteInstallation = (
  sql: SqlClient,
  note: {
    readonly id: string
    readonly keys: ReadonlyArray<NotedKey>
    readonly seen: ReadonlyArray<NotedKey>
    readonly replace: boolean
  }
) =>
  sql
    .unsafe<{ readonly id: string | null }>(
      "select dueline.note_installation($1::uuid, $2::text[], $3::text[], $4::text[], $5::boolean)::text as id",
      [
        note.id,
        texts(note.keys.map(({ purpose }) => purpose)),
        texts(note.keys.map(({ fingerprint }) => fingerprint)),
        texts(note.seen.map(({ fingerprint }) => fingerprint)),
        note.replace
      ]
    )
    .pipe(
      Effect.map(([row]) => row?.id ?? null),
      asking("note the installation")
    )
