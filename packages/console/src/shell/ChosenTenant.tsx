/** As which tenant one looks: by the name that people know it by where tenants may be read, and always by the end of its id. */
import type { TenantId } from "@dueline/contracts/Ids"
import type { WorkspaceId } from "@dueline/contracts/tenant/Tenant"
import { Effect, Option } from "effect"
import type { Client } from "../backend/backend.ts"
import { chooseTenant, may, type Session } from "../backend/session.ts"
import { useAnswer } from "../backend/useAnswer.ts"
import { shortId } from "../parts/ids.ts"

type Names = ReadonlyMap<TenantId, string>

/** Questions at once. */
const atOnce = 4

const nameOf = ({ tenants }: Client, id: TenantId) =>
  tenants.get({ params: { id: id as string as WorkspaceId }, query: {}, headers: {} }).pipe(
    Effect.map(({ body }) => {
      if (body === undefined || body.name === body.workspace) return body?.name
      return `${body.name} (${body.workspace})`
    }),
    Effect.option
  )

/** Those of before tenants were kept have none. */
const namesOf =
  (ids: ReadonlyArray<TenantId>) =>
  (api: Client): Effect.Effect<Names, unknown> =>
    Effect.map(
      Effect.forEach(ids, (id) => Effect.map(nameOf(api, id), (name) => [id, Option.getOrUndefined(name)] as const), {
        concurrency: atOnce
      }),
      (pairs) => new Map(pairs.flatMap(([id, name]) => (name === undefined ? [] : [[id, name] as const])))
    )

const labelOf = (id: TenantId, names: Names | null): string => {
  const name = names?.get(id)
  return name === undefined ? shortId(id) : `${name} · ${shortId(id)}`
}

const Choice = ({
  names,
  session: { tenant, tenants }
}: {
  readonly session: Session
  readonly names: Names | null
}) =>
  tenants.length < 2 ? (
    <p className="faint" title={tenant ?? ""}>
      {tenant === null ? "No tenant" : `Tenant ${labelOf(tenant, names)}`}
    </p>
  ) : (
    <label>
      Tenant
      <select value={tenant ?? ""} title={tenant ?? ""} onChange={(event) => chooseTenant(event.target.value)}>
        {tenants.map((id) => (
          <option key={id} value={id} title={id}>
            {labelOf(id, names)}
          </option>
        ))}
      </select>
    </label>
  )

const NamedChoice = ({ ids, session }: { readonly session: Session; readonly ids: ReadonlyArray<TenantId> }) => (
  <Choice session={session} names={useAnswer(ids.join(), namesOf(ids)).value} />
)

export const ChosenTenant = ({ session }: { readonly session: Session }) => {
  const ids = session.tenants.length > 0 || session.tenant === null ? session.tenants : [session.tenant]
  return may(session, "ops:tenants.read") ? (
    <NamedChoice session={session} ids={ids} />
  ) : (
    <Choice session={session} names={null} />
  )
}
