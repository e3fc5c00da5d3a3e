/** One customer with the profile, and its erasure. */
import type { Customer } from "@dueline/contracts/customer/CustomerEndpoints"
import type { CustomerId } from "@dueline/contracts/Ids"
import { Effect } from "effect"
import { Link } from "wouter"
import { useAnswer } from "../backend/useAnswer.ts"
import { Actions, headersFor } from "../parts/Actions.tsx"
import { Facts } from "../parts/Facts.tsx"
import { type Get, InTime, StatusNow } from "../parts/InTime.tsx"
import { Answered, Freshness, Screen } from "../parts/Screen.tsx"
import { Time } from "../time/Time.tsx"

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
const Whole = ({ customer: found }: { readonly customer: Customer }) => (
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

export const CustomerScreen = ({ id }: { readonly id: string }) => {
  const get: Get<Customer> = ({ customers }, query) =>
    customers.get({ params: { id: id as CustomerId }, query, headers: {} })
  const answer = useAnswer(id, (api) => Effect.map(get(api, {}), ({ body }) => body ?? null))
  const customer = answer.value
  return (
    <Screen
      title={customer?.profile?.name ?? "Customer"}
      aside={customer === null ? null : <StatusNow of={customer} />}
      actions={<Freshness asked={answer} />}
    >
      <Answered answer={answer}>
        {(found) =>
          found === null ? null : (
            <InTime
              of={found}
              get={get}
              now={
                <>
                  <Erasure customer={found} changed={answer.again} />
                  <Whole customer={found} />
                </>
              }
            >
              {(was) => (
                <>
                  <p className="faint">Of a profile there is only what it says now: what it said before is not kept.</p>
                  <Whole customer={was} />
                </>
              )}
            </InTime>
          )
        }
      </Answered>
    </Screen>
  )
}
