/** Another window for an order. When it is taken, the orders in the way are shown, and the windows that are free. */
import type { Order, Window } from "@dueline/contracts/order/OrderBodies"
import { Link } from "wouter"
import { Windows } from "../field/Windows.tsx"
import { headersFor } from "../parts/Actions.tsx"
import { ChangeDialog, DialogButton } from "../parts/ChangeDialog.tsx"
import { TimeField } from "../parts/Fields.tsx"
import { Status } from "../parts/Status.tsx"
import { TroubleNote } from "../parts/TroubleNote.tsx"
import { shortId } from "../parts/ids.ts"
import { Time } from "../time/Time.tsx"
import { useTypedRange } from "../time/useTypedRange.ts"
import { typedTime } from "../time/zone.ts"

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
