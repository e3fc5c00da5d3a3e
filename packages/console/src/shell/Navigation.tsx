/** Where one can go, as which tenant one looks, and in which time zone. */
import type { TenantId } from "@dueline/contracts/Ids"
import type { WorkspaceId } from "@dueline/contracts/tenant/Tenant"
import { Effect, Option } from "effect"
import { useEffect, useState } from "react"
import { Link, useLocation, useRoute } from "wouter"
import { useAnswer } from "../backend/asking.ts"
import type { Client } from "../backend/backend.ts"
import { chooseTenant, may, type Session, signOut } from "../backend/session.ts"
import { useAtom } from "../backend/useAtom.ts"
import { shortId } from "../parts/Named.tsx"
import { chooseZone, localZone, nowAtom, zoneAtom } from "../time/Time.tsx"
import { offsetName } from "../time/zone.ts"
import { groups, type Place } from "./screens.tsx"
import { chooseTheme, themeAtom, themes } from "./theme.ts"

const Entry = ({ name, path }: Pick<Place, "name" | "path">) => {
  const [here] = useRoute(path === "/" ? "/" : `${path}/*?`)
  return (
    <li>
      <Link href={path} aria-current={here ? "page" : undefined}>
        {name}
      </Link>
    </li>
  )
}

const Zone = () => {
  const zone = useAtom(zoneAtom)
  const now = useAtom(nowAtom)
  return (
    <label>
      Times in, {offsetName(now, zone)}
      <select value={zone} onChange={(event) => chooseZone(event.target.value)}>
        {[...new Set([localZone, "UTC"])].map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}

const themeNames = { system: "As the system", light: "Light", dark: "Dark" } as const

const Look = () => {
  const theme = useAtom(themeAtom)
  return (
    <label>
      Colours
      <select
        value={theme}
        onChange={(event) => chooseTheme(themes.find((one) => one === event.target.value) ?? "system")}
      >
        {themes.map((one) => (
          <option key={one} value={one}>
            {themeNames[one]}
          </option>
        ))}
      </select>
    </label>
  )
}

const Places = ({ session }: { readonly session: Session }) => (
  <div className="places">
    {groups.map(({ name, places }) => {
      const offered = places.filter(({ scope }) => scope === null || may(session, scope))
      return offered.length === 0 ? null : (
        <div key={name} className="group">
          <h2>{name}</h2>
          <ul>
            {offered.map(({ name, path }) => (
              <Entry key={path} name={name} path={path} />
            ))}
          </ul>
        </div>
      )
    })}
  </div>
)

const Who = ({ session }: { readonly session: Session }) => (
  <div className="who">
    <ChosenTenant session={session} />
    <Zone />
    <Look />
    <div className="person">
      <span className="subject" title={session.roles.length === 0 ? "" : `Roles: ${session.roles.join(", ")}`}>
        {session.subject}
      </span>
      <button type="button" className="quiet" onClick={signOut}>
        Sign out
      </button>
    </div>
  </div>
)

export const Navigation = ({ session }: { readonly session: Session }) => {
  const [path] = useLocation()
  /** In a narrow window alone: in a wide one all of it is there. */
  const [open, setOpen] = useState(false)
  useEffect(() => setOpen(false), [path])
  return (
    <nav className="nav" aria-label="Screens" data-open={open ? "" : undefined}>
      <div className="bar">
        <Link href="/" className="brand">
          <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
            <circle cx="16" cy="16" r="12" />
            <path d="M16 8v8.5l5 3.5" />
          </svg>
          Dueline
        </Link>
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          Menu
        </button>
      </div>
      <Places session={session} />
      <Who session={session} />
    </nav>
  )
}

/** As which tenant one looks: by the name that people know it by where tenants may be read, and always by the end of its id. */
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
