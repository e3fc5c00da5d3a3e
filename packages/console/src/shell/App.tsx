/** The page: who is signed in, where they are, and what all screens share. */
import { Suspense } from "react"
import { Route, Router, Switch, useLocation } from "wouter"
import { offlineAtom } from "../backend/connection.ts"
import { signInAtom } from "../backend/session.ts"
import { useAtom } from "../backend/useAtom.ts"
import { Announcer } from "../parts/Announcer.tsx"
import { isId } from "../parts/ids.ts"
import { Screen } from "../parts/Screen.tsx"
import { Ago } from "../time/Time.tsx"
import { Caught } from "./Caught.tsx"
import { Keys } from "./Keys.tsx"
import { Navigation } from "./Navigation.tsx"
import { details, groups } from "./screens.tsx"
import { SignInScreen } from "./SignInScreen.tsx"

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
