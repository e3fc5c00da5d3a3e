/** Where a screen breaks, or cannot be loaded, that screen says so: the navigation stays, and so do the other screens. */
import { Component, type ReactNode } from "react"
import { Screen } from "../parts/Screen.tsx"

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
