/** Another window for an order. When it is taken, the orders in the way are shown, and the windows that are free. */
import type { Order, Window } from "@dueline/contracts/order/OrderBodies"
import { useState } from "react"
import { Link } from "wouter"
import { useAct } from "../backend/useAct.ts"
import { useAtom } from "../backend/useAtom.ts"
import { Windows } from "../field/Windows.tsx"
import { headersFor } from "../parts/Actions.tsx"
import { announce } from "../parts/Announcer.tsx"
import { Dialog } from "../parts/Dialog.tsx"
import { Status } from "../parts/Status.tsx"
import { TroubleNote } from "../parts/TroubleNote.tsx"
import { useMay } from "../parts/useMay.ts"
import { zoneAtom } from "../time/chosenZone.ts"
import { Time } from "../time/Time.tsx"
import { instantOf, typedTime } from "../time/zone.ts"

interface MoveProps {
  readonly order: Order
  readonly changed: () => void
}

const Moving = ({ changed, close, order }: MoveProps & { readonly close: () => void }) => {
  const zone = useAtom(zoneAtom)
  const { act, busy, trouble } = useAct()
  const isDraft = order.status === "Draft"
  const typedOf = (time: string | undefined) => typedTime(Date.parse(time ?? ""), zone)
  const [from, setFrom] = useState(typedOf(order.window?.from))
  const [to, setTo] = useState(typedOf(order.window?.to))
  const [begins, ends] = [instantOf(from, zone), instantOf(to, zone)]
  const take = (window: Window) => {
    setFrom(typedOf(window.from))
    setTo(typedOf(window.to))
  }
  const move = () =>
    act(
      ({ orders }) => {
        const window = { from: new Date(begins).toISOString(), to: new Date(ends).toISOString() }
        const about = { params: { id: order.id }, headers: headersFor(order), payload: { window } }
        return isDraft ? orders.schedule(about) : orders.move(about)
      },
      () => {
        announce(isDraft ? "Scheduled" : "Moved")
        close()
        changed()
      }
    )
  return (
    <Dialog title={isDraft ? "Schedule this order" : "Move this order"} close={close}>
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
      {trouble === null ? null : (
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
      <div className="actions">
        <button type="button" className="main" disabled={busy || !(begins < ends)} onClick={move}>
          {isDraft ? "Schedule" : "Move"}
        </button>
        <button type="button" onClick={close}>
          Leave it
        </button>
      </div>
    </Dialog>
  )
}

export const MoveOrder = ({ changed, order }: MoveProps) => {
  const [open, setOpen] = useState(false)
  const may = useMay("ops:orders.write")
  const ended = order.status === "Completed" || order.status === "Cancelled"
  const why = may ? (ended ? "It has ended" : "") : "Needs the permission ops:orders.write"
  return (
    <>
      <button type="button" disabled={why !== ""} title={why} onClick={() => setOpen(true)}>
        {order.status === "Draft" ? "Schedule…" : "Move…"}
      </button>
      {open ? <Moving order={order} changed={changed} close={() => setOpen(false)} /> : null}
    </>
  )
}
