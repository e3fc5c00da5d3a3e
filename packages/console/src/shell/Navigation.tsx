/** Where one can go, as which tenant one looks, and in which time zone. */
import { useEffect, useState } from "react"
import { Link, useLocation, useRoute } from "wouter"
import { may, type Session, signOut } from "../backend/session.ts"
import { useAtom } from "../backend/useAtom.ts"
import { nowAtom } from "../time/clock.ts"
import { chooseZone, localZone, zoneAtom } from "../time/chosenZone.ts"
import { offsetName } from "../time/zone.ts"
import { groups, type Place } from "./screens.tsx"
import { ChosenTenant } from "./ChosenTenant.tsx"
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
