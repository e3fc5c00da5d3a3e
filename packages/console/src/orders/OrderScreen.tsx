/** One order: its window, what it holds, the calls it makes, and what can be done about it. */
import type { OrderId } from "@dueline/contracts/Ids"
import type { Order, Window } from "@dueline/contracts/order/OrderBodies"
import { Link } from "wouter"
import { Windows } from "../field/Windows.tsx"
import { type Action, Actions, headersFor } from "../parts/Actions.tsx"
import { ChangeDialog, DialogButton } from "../parts/Dialogs.tsx"
import { Facts, Section } from "../parts/Facts.tsx"
import { TimeField } from "../parts/Fields.tsx"
import { NamedBin, NamedCustomer, shortId } from "../parts/Named.tsx"
import { type Get, OneScreen, useOne } from "../parts/OneScreen.tsx"
import { Status } from "../parts/Status.tsx"
import { TroubleNote } from "../parts/TroubleNote.tsx"
import { Time, useTypedRange } from "../time/Time.tsx"
import { typedTime } from "../time/zone.ts"

const actionsOf = (order: Order): ReadonlyArray<Action> => {
  const about = { params: { id: order.id }, headers: headersFor(order) }
  const { status } = order
  const ended = status === "Completed" || status === "Cancelled" ? "It has ended" : null
  return [
    {
      label: "Confirm",
      why: ended ?? (status === "Scheduled" ? null : "Only a scheduled order can be confirmed"),
      ask: null,
      question: ({ orders }) => orders.confirm(about),
      done: "Confirmed"
    },
    {
      label: "Complete",
      why: ended ?? (status === "Draft" ? "It is a draft" : null),
      ask: { text: "The work is done. The bin is free again." },
      question: ({ orders }) => orders.complete(about),
      done: "Completed"
    },
    {
      label: "Cancel the order",
      why: ended,
      ask: { text: "The bin is free again, and calls that were to be made are cancelled.", danger: true },
      question: ({ orders }) => orders.cancel(about),
      done: "Cancelled"
    }
  ]
}

const When = ({ of: { window } }: { readonly of: Order }) => (
  <p className="lead">
    {window === null ? (
      "A draft without a window."
    ) : (
      <>
        <Time at={window.from} /> – <Time at={window.to} />
      </>
    )}
  </p>
)

const Whole = ({ of: found }: { readonly of: Order }) => (
  <>
    <Facts
      of={[
        ["Bin", <NamedBin key="bin" id={found.binId} />],
        ["Customer", <NamedCustomer key="customer" id={found.customerId} />],
        ["Made", <Time key="made" at={found.createdAt} />],
        ["Ended", <Time key="ended" at={found.endedAt} />],
        ["Version", found.version],
        ["Id", <code key="id">{found.id}</code>],
        [
          "Correlation",
          <Link key="correlation" href={`/timeline/${encodeURIComponent(found.correlationId)}`}>
            <code>{found.correlationId}</code>
          </Link>
        ]
      ]}
    />
    <Section title="Items">
      {found.items.length === 0 ? <p className="empty">None.</p> : null}
      <ul>
        {found.items.map(({ material, quantity, unit }) => (
          <li key={`${material} ${unit}`}>
            {quantity} {unit} of {material}
          </li>
        ))}
      </ul>
    </Section>
    <Section title="Calls it makes">
      {found.notifications.length === 0 ? <p className="empty">None.</p> : null}
      <ul>
        {found.notifications.map(({ callId, lead, url }) => (
          <li key={callId}>
            <Link href={`/calls/${callId}`}>{url}</Link> {lead} before
          </li>
        ))}
      </ul>
    </Section>
  </>
)

const Now = ({ changed, of }: { readonly of: Order; readonly changed: () => void }) => (
  <>
    <When of={of} />
    <Actions scope="ops:orders.write" changed={changed} of={actionsOf(of)}>
      <MoveOrder order={of} changed={changed} />
    </Actions>
    <Whole of={of} />
  </>
)

const Was = ({ of }: { readonly of: Order }) => (
  <>
    <When of={of} />
    <Whole of={of} />
  </>
)

export const OrderScreen = ({ id }: { readonly id: string }) => {
  const get: Get<Order> = ({ orders }, query) => orders.get({ params: { id: id as OrderId }, query, headers: {} })
  const answer = useOne(id, get, 10_000)
  return (
    <OneScreen
      answer={answer}
      get={get}
      title={(order) => (order === null ? "Order" : `Order: ${order.kind}`)}
      Now={Now}
      Was={Was}
    />
  )
}

/** Another window for an order. When it is taken, the orders in the way are shown, and the windows that are free. */
interface MoveProps {
  readonly order: Order
  readonly changed: () => void
}

const Moving = ({ changed, close, order }: MoveProps & { readonly close: () => void }) => {
  const isDraft = order.status === "Draft"
  const { begins, ends, from, instants, to, zone } = useTypedRange(() => [
    Date.parse(order.window?.from ?? ""),
    Date.parse(order.window?.to ?? "")
  ])
  const take = (window: Window) => {
    from.set(typedTime(Date.parse(window.from), zone))
    to.set(typedTime(Date.parse(window.to), zone))
  }
  return (
    <ChangeDialog
      title={isDraft ? "Schedule this order" : "Move this order"}
      label={isDraft ? "Schedule" : "Move"}
      ready={begins < ends}
      question={({ orders }) => {
        const about = { params: { id: order.id }, headers: headersFor(order), payload: { window: instants() } }
        return isDraft ? orders.schedule(about) : orders.move(about)
      }}
      done={isDraft ? "Scheduled" : "Moved"}
      renderTrouble={(trouble) => (
        <>
          <TroubleNote trouble={trouble} />
          <ul>
            {(trouble.conflict?.orders ?? []).map(({ id, status, window }) => (
              <li key={id} className="bad">
                <Link href={`/orders/${id}`}>{shortId(id)}</Link> <Status of={status} /> <Time at={window.from} /> –{" "}
                <Time at={window.to} />
              </li>
            ))}
          </ul>
          <Windows free={trouble.conflict?.freeWindows ?? []} choose={take} />
        </>
      )}
      close={close}
      changed={changed}
    >
      <div className="two">
        <TimeField label={`From, in ${zone}`} {...from} />
        <TimeField label="To" {...to} />
      </div>
    </ChangeDialog>
  )
}

export const MoveOrder = ({ changed, order }: MoveProps) => (
  <DialogButton
    label={order.status === "Draft" ? "Schedule" : "Move"}
    scope="ops:orders.write"
    why={order.status === "Completed" || order.status === "Cancelled" ? "It has ended" : null}
    changed={changed}
  >
    {(close, done) => <Moving order={order} close={close} changed={done} />}
  </DialogButton>
)
