/**
 * Customers by their names, which are asked for one by one for what is drawn since lists of the edge have none; and one of them with the profile,
 * and its erasure.
 */
import type { CustomerId } from "@dueline/contracts/Ids"
import { CustomerStatus } from "@dueline/contracts/customer/Customer"
import type { Customer, CustomerSummary } from "@dueline/contracts/customer/CustomerEndpoints"
import { Link } from "wouter"
import { usePages } from "../backend/asking.ts"
import { Actions, headersFor } from "../parts/Actions.tsx"
import { Facts } from "../parts/Facts.tsx"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { CustomerName, shortId } from "../parts/Named.tsx"
import { type Get, OneScreen, useOne } from "../parts/OneScreen.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
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

/** One customer with the profile, and its erasure. */
const Erasure = ({ changed, customer }: { readonly customer: Customer; readonly changed: () => void }) => (
  <Actions
    scope="ops:customers.write"
    changed={changed}
    of={[
      {
        label: "Erase the customer",
        why: customer.status === "Erased" ? "It is erased" : null,
        ask: {
          text: "Name, address and all else of the profile are gone for ever, in every copy: the key they are encrypted with is dropped. Id, times and orders stay.",
          danger: true
        },
        question: ({ customers }) => customers.erase({ params: { id: customer.id }, headers: headersFor(customer) }),
        done: "Erased"
      }
    ]}
  />
)

/** What it is, or was: of the profile there is the present one alone. */
const Whole = ({ of: found }: { readonly of: Customer }) => (
  <Facts
    of={[
      ["E-mail", found.profile?.email],
      ["Phone", found.profile?.phone],
      ["Address", found.profile?.address],
      ["Notes", found.profile?.notes],
      ["Registered", <Time key="made" at={found.createdAt} />],
      ["Erased", <Time key="erased" at={found.erasedAt} />],
      ["Version", found.version],
      ["Id", <code key="id">{found.id}</code>],
      [
        "Orders",
        <Link key="orders" href={`/orders?view=agenda&customerId=${found.id}`}>
          of this week
        </Link>
      ],
      [
        "Bins",
        <Link key="bins" href={`/bins?customerId=${found.id}`}>
          at this customer's
        </Link>
      ]
    ]}
  />
)

const Was = ({ of }: { readonly of: Customer }) => (
  <>
    <p className="faint">Of a profile there is only what it says now: what it said before is not kept.</p>
    <Whole of={of} />
  </>
)

const Now = ({ changed, of }: { readonly of: Customer; readonly changed: () => void }) => (
  <>
    <Erasure customer={of} changed={changed} />
    <Whole of={of} />
  </>
)

export const CustomerScreen = ({ id }: { readonly id: string }) => {
  const get: Get<Customer> = ({ customers }, query) =>
    customers.get({ params: { id: id as CustomerId }, query, headers: {} })
  const answer = useOne(id, get)
  return (
    <OneScreen
      answer={answer}
      get={get}
      title={(customer) => customer?.profile?.name ?? "Customer"}
      Now={Now}
      Was={Was}
    />
  )
}
