/** Who has signed in, from where, and ending it. */
import type { SessionView } from "@dueline/contracts/session/SessionEndpoints"
import { usePages } from "../backend/asking.ts"
import { Actions } from "../parts/Actions.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { Ago } from "../time/Time.tsx"

const columnsWith = (changed: () => void): readonly [Column<SessionView>, ...ReadonlyArray<Column<SessionView>>] => [
  {
    head: "Who",
    cell: ({ current, subject }) => <span className="long">{`${subject}${current ? " (this one)" : ""}`}</span>
  },
  { head: "State", cell: ({ endedBy, status }) => <Status of={status} words={endedBy ?? status} /> },
  { head: "Signed in by", cell: ({ holder, way }) => <span className="long">{`${way}, ${holder}`}</span> },
  { head: "Roles", as: "wide", cell: ({ roles }) => roles?.join(", ") ?? "as its scopes say" },
  { head: "Began", cell: ({ createdAt }) => <Ago at={createdAt} /> },
  { head: "Last used", cell: ({ usedAt }) => <Ago at={usedAt} /> },
  { head: "Ends", cell: ({ endedAt, expiresAt }) => <Ago at={endedAt ?? expiresAt} /> },
  {
    head: "Change",
    cell: ({ current, id, status, subject }) => (
      <Actions
        scope="ops:sessions.read"
        changed={changed}
        of={[
          {
            label: "End",
            why: status === "Live" ? (current ? "This is your own: sign out" : null) : "It is over",
            ask: { text: `${subject} has to sign in again, in every process within five seconds.`, danger: true },
            question: ({ sessions }) => sessions.end({ params: { id } }),
            done: "Ended"
          }
        ]}
      />
    )
  }
]

export const SessionsScreen = () => {
  const pages = usePages("sessions", ({ sessions }, page) => sessions.list({ query: page }))
  return (
    <Screen title="Sessions" actions={<Freshness asked={pages} />}>
      <Rows
        label="Sessions, newest first"
        pages={pages}
        columns={columnsWith(pages.again)}
        keyOf={({ id }) => id}
        href={null}
        filtered={false}
        nothing={<p>Nobody has signed in with a browser to this tenant.</p>}
      />
    </Screen>
  )
}
