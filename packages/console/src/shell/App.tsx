/** The page: who is signed in, where they are, and what all screens share. */
import { Component, Fragment, type ReactNode, Suspense, useEffect, useState } from "react"
import { Route, Router, Switch, useLocation } from "wouter"
import { signInAtom } from "../backend/session.ts"
import { offlineAtom } from "../backend/trouble.ts"
import { useAtom } from "../backend/useAtom.ts"
import { Announcer } from "../parts/Announcer.tsx"
import { Dialog } from "../parts/Dialogs.tsx"
import { isId } from "../parts/Named.tsx"
import { Screen } from "../parts/Screen.tsx"
import { Ago } from "../time/Time.tsx"
import { Navigation } from "./Navigation.tsx"
import { SignInScreen } from "./SignInScreen.tsx"
import { details, groups } from "./screens.tsx"

const Nowhere = () => {
  const [path] = useLocation()
  return (
    <Screen title="There is nothing here">
      {path.startsWith("/~") ? (
        <p>The link is of a tenant that you do not belong to, or of another installation.</p>
      ) : (
        <p>
          The console has no page at <code>{path}</code>. The navigation lists what there is; perhaps the link was cut
          short.
        </p>
      )}
    </Screen>
  )
}

const Offline = () => {
  const since = useAtom(offlineAtom)
  return since === null ? null : (
    <p className="offline" role="status">
      Dueline does not answer. What is shown is from before. First noticed <Ago at={new Date(since).toISOString()} />.
    </p>
  )
}

/** As the sender wrote it; an address that was mangled on its way is taken as it is. */
const decoded = (id: string): string => {
  try {
    return decodeURIComponent(id)
  } catch {
    return id
  }
}

/** A correlation id is whatever the sender has chosen. */
const canBe = (path: string, id: string): boolean => path.startsWith("/timeline/") || !path.includes("/:id") || isId(id)

const Routes = () => (
  <Suspense fallback={<main id="main" tabIndex={-1} className="faint" />}>
    <Switch>
      {groups.flatMap(({ places }) =>
        places.map(({ path, screen }) => <Route key={path} path={path} component={screen} />)
      )}
      {details.map(({ path, screen: Detail }) => (
        <Route key={path} path={path}>
          {({ id = "" }: { readonly id?: string }) =>
            canBe(path, id) ? <Detail key={id} id={decoded(id)} /> : <Nowhere />
          }
        </Route>
      ))}
      <Route component={Nowhere} />
    </Switch>
  </Suspense>
)

/** One that broke is left by going elsewhere. */
const Pages = () => {
  const [path] = useLocation()
  return (
    <Caught key={path}>
      <Routes />
    </Caught>
  )
}

export const App = () => {
  const signIn = useAtom(signInAtom)
  if (signIn.at === "asking") return null
  if (signIn.at === "out") return <SignInScreen why={signIn.why} />
  return (
    <Router base={signIn.base}>
      <a className="skip" href="#main">
        To the contents
      </a>
      {/* Whatever a screen holds is of one tenant: with another one it begins anew. */}
      <div className="page" key={signIn.session.tenant}>
        <Navigation session={signIn.session} />
        <div className="content">
          <Offline />
          <Pages />
        </div>
      </div>
      <Announcer />
      <Keys />
    </Router>
  )
}

/** Where a screen breaks, or cannot be loaded, that screen says so: the navigation stays, and so do the other screens. */
interface CaughtProps {
  readonly children: ReactNode
}

export class Caught extends Component<CaughtProps, { readonly error: unknown }> {
  override state = { error: null as unknown }

  static getDerivedStateFromError = (error: unknown) => ({ error: error ?? "unknown" })

  override render() {
    const { error } = this.state
    if (error === null) return this.props.children
    return (
      <Screen title="This screen cannot be shown">
        <div className="note bad" role="alert">
          <strong>The page came upon something that it does not know.</strong>
          <p>
            Most likely the program was replaced by another version since the page was loaded. Nothing was changed by
            this.
          </p>
          <p className="faint">
            <code>{String(error)}</code>
          </p>
          <button type="button" onClick={() => location.reload()}>
            Load the page again
          </button>
        </div>
      </Screen>
    )
  }
}

/** What the keyboard does, shown with `?`; `/` goes to the first filter. */
const keys: ReadonlyArray<readonly [names: ReadonlyArray<string>, what: string]> = [
  [["j", "k"], "next row, row before"],
  [["Enter"], "open the row"],
  [["/"], "to the first filter"],
  [["Esc"], "close a dialog"],
  [["?"], "this list"]
]

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest("input, textarea, select, dialog") !== null

export const Keys = () => {
  const [shown, setShown] = useState(false)
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      if (event.key === "?") setShown(true)
      if (event.key !== "/") return
      const filter = document.querySelector<HTMLElement>("[data-filter]")
      if (filter === null) return
      event.preventDefault()
      filter.focus()
    }
    document.addEventListener("keydown", pressed)
    return () => document.removeEventListener("keydown", pressed)
  }, [])
  return shown ? (
    <Dialog title="Keys" close={() => setShown(false)}>
      <dl className="keys">
        {keys.map(([names, what]) => (
          <Fragment key={what}>
            <dt>
              {names.map((name) => (
                <Fragment key={name}>
                  <kbd>{name}</kbd>{" "}
                </Fragment>
              ))}
            </dt>
            <dd>{what}</dd>
          </Fragment>
        ))}
      </dl>
    </Dialog>
  ) : null
}
