/** Another window for an order. When it is taken, the orders in the way are shown, and the windows that are free. */
import type { Order, Window } from "@dueline/contracts/order/OrderBodies"
import { useState } from "react"
import { Link } from "wouter"
import { useAtom } from "../backend/useAtom.ts"
import { Windows } from "../field/Windows.tsx"
import { headersFor } from "../parts/Actions.tsx"
import { ChangeDialog, DialogButton } from "../parts/ChangeDialog.tsx"
import { Status } from "../parts/Status.tsx"
import { TroubleNote } from "../parts/TroubleNote.tsx"
import { zoneAtom } from "../time/chosenZone.ts"
import { Time } from "../time/Time.tsx"
import { instantOf, typedTime } from "../time/zone.ts"

interface MoveProps {
  readonly order: Order
  readonly changed: () => void
}

const Moving = ({ changed, close, order }: MoveProps & { readonly close: () => void }) => {
  const zone = useAtom(zoneAtom)
  const isDraft = order.status === "Draft"
  const typedOf = (time: string | undefined) => typedTime(Date.parse(time ?? ""), zone)
  const [from, setFrom] = useState(typedOf(order.window?.from))
  const [to, setTo] = useState(typedOf(order.window?.to))
  const [begins, ends] = [instantOf(from, zone), instantOf(to, zone)]
  const take = (window: Window) => {
    setFrom(typedOf(window.from))
    setTo(typedOf(window.to))
  }
  return (
    <ChangeDialog
      title={isDraft ? "Schedule this order" : "Move this order"}
      label={isDraft ? "Schedule" : "Move"}
      ready={begins < ends}
      question={({ orders }) => {
        const window = { from: new Date(begins).toISOString(), to: new Date(ends).toISOString() }
        const about = { params: { id: order.id }, headers: headersFor(order), payload: { window } }
        return isDraft ? orders.schedule(about) : orders.move(about)
      }}
      done={isDraft ? "Scheduled" : "Moved"}
      renderTrouble={(trouble) => (
        <>
          <TroubleNote trouble={trouble} />
          <ul>
            {(trouble.conflict?.orders ?? []).map(({ id, status, window }) => (
              <li key={id} className="bad">
                <Link href={`/orders/${id}`}>{id.slice(0, 8)}</Link> <Status of={status} /> <Time at={window.from} /> –{" "}
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
        <label>
          From, in {zone}
          <input type="datetime-local" value={from} onChange={(event) => setFrom(event.target.value)} />
        </label>
        <label>
          To
          <input type="datetime-local" value={to} onChange={(event) => setTo(event.target.value)} />
        </label>
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
