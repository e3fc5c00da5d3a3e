/** What is known of one thing, name by name. */
import type { ReactNode } from "react"

export const Facts = ({ of }: { readonly of: ReadonlyArray<readonly [name: string, value: ReactNode]> }) => (
  <dl className="facts">
    {of.map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value ?? <span className="faint">–</span>}</dd>
      </div>
    ))}
  </dl>
)

export const Section = ({ title, children }: { readonly title: string; readonly children: ReactNode }) => (
  <section>
    <h2>{title}</h2>
    {children}
  </section>
)

export const Json = ({ of }: { readonly of: unknown }) => (
  // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reached by keyboard
  <pre tabIndex={0}>{typeof of === "string" ? of : JSON.stringify(of, null, 2)}</pre>
)
