/** Subscriptions: which endpoints messages are delivered to, and whether they arrive. */
import { SubscriptionStatus } from "@dueline/contracts/subscription/Subscription"
import type { SubscriptionView } from "@dueline/contracts/subscription/SubscriptionBodies"
import { usePages } from "../backend/usePages.ts"
import { DialogButton } from "../parts/ChangeDialog.tsx"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { shortId } from "../parts/ids.ts"
import { Ago } from "../time/Time.tsx"
import { NewSubscription } from "./SubscriptionForms.tsx"

const filters: ReadonlyArray<Filter> = [
  { name: "status", label: "State", oneOf: SubscriptionStatus.literals },
  { name: "name", label: "Name", type: "text" }
]

const columns: readonly [Column<SubscriptionView>, ...ReadonlyArray<Column<SubscriptionView>>] = [
  { head: "Subscription", cell: ({ id, name }) => name ?? <code>{shortId(id)}</code> },
  { head: "State", cell: ({ disabledReason, status }) => <Status of={disabledReason ?? status} /> },
  { head: "Failing", cell: ({ failingSince }) => (failingSince === null ? "–" : <Ago at={failingSince} />) },
  { head: "Endpoint", as: "wide", cell: ({ url }) => url },
  { head: "Topics", cell: ({ topics }) => topics.map((topic) => <code key={topic}>{topic}</code>) }
]

export const SubscriptionsScreen = () => {
  const [values, set] = useFilters(filters)
  const pages = usePages(JSON.stringify(values), ({ subscriptions }, page) =>
    subscriptions.list({ query: { ...page, ...values } as never })
  )
  return (
    <Screen
      title="Subscriptions"
      actions={
        <>
          <Freshness asked={pages} />
          <DialogButton label="Make a subscription" scope="ops:subscriptions.write" why={null} changed={pages.again}>
            {(close, done) => <NewSubscription close={close} changed={done} />}
          </DialogButton>
        </>
      }
    >
      <Filters filters={filters} values={values} set={set} />
      <Rows
        label="Subscriptions, newest first"
        pages={pages}
        columns={columns}
        keyOf={({ id }) => id}
        href={({ id }) => `/subscriptions/${id}`}
        filtered={Object.keys(values).length > 0}
        nothing={<p>None was made yet. A subscription delivers messages, signed, to an endpoint of yours.</p>}
      />
    </Screen>
  )
}
