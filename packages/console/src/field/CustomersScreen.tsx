/** Customers by their names, which are asked for one by one for what is drawn: lists of the edge hold nothing of a profile. */
import type { CustomerSummary } from "@dueline/contracts/customer/CustomerEndpoints"
import { CustomerStatus } from "@dueline/contracts/customer/Customer"
import { usePages } from "../backend/usePages.ts"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { CustomerName } from "../parts/Named.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { shortId } from "../parts/ids.ts"
import { Ago, Time } from "../time/Time.tsx"

const filters: ReadonlyArray<Filter> = [{ name: "status", label: "State", oneOf: CustomerStatus.literals }]

const columns: readonly [Column<CustomerSummary>, ...ReadonlyArray<Column<CustomerSummary>>] = [
  {
    head: "Customer",
    as: "wide",
    cell: ({ id, status }) => (status === "Erased" ? <span className="faint">erased</span> : <CustomerName id={id} />)
  },
  { head: "State", cell: ({ status }) => <Status of={status} /> },
  { head: "Registered", cell: ({ createdAt }) => <Time at={createdAt} /> },
  { head: "Changed", cell: ({ updatedAt }) => <Ago at={updatedAt} /> },
  { head: "Id", cell: ({ id }) => <code title={id}>{shortId(id)}</code> }
]

export const CustomersScreen = () => {
  const [values, set] = useFilters(filters)
  const pages = usePages(JSON.stringify(values), ({ customers }, page) =>
    customers.list({ query: { ...page, ...values } as never })
  )
  return (
    <Screen title="Customers" actions={<Freshness asked={pages} />}>
      <Filters filters={filters} values={values} set={set} />
      <Rows
        label="Customers, newest first"
        pages={pages}
        columns={columns}
        keyOf={({ id }) => id}
        href={({ id }) => `/customers/${id}`}
        filtered={Object.keys(values).length > 0}
        nothing={<p>None is registered yet.</p>}
      />
    </Screen>
  )
}
