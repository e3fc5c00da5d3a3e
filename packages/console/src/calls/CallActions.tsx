/** Run again, move, cancel: what can be done to one call. */
import type { ServiceCall } from "@dueline/contracts/api/ServiceCallView"
import { useState } from "react"
import { useAct } from "../backend/useAct.ts"
import { useAtom } from "../backend/useAtom.ts"
import { type Action, Actions, headersFor } from "../parts/Actions.tsx"
import { announce } from "../parts/Announcer.tsx"
import { Dialog } from "../parts/Dialog.tsx"
import { TroubleNote } from "../parts/TroubleNote.tsx"
import { useMay } from "../parts/useMay.ts"
import { zoneAtom } from "../time/chosenZone.ts"
import { instantOf, offsetName, typedTime } from "../time/zone.ts"

const scope = "ops:calls.write"

const endedWhy = ({ status }: ServiceCall): string | null =>
  status === "Scheduled" || status === "Running" ? null : "It has ended"

const Move = ({ call, close, moved }: { call: ServiceCall; close: () => void; moved: () => void }) => {
  const zone = useAtom(zoneAtom)
  const { act, busy, trouble } = useAct()
  const [typed, setTyped] = useState(typedTime(Date.parse(call.dueAt), zone))
  const at = instantOf(typed, zone)
  const move = () =>
    act(
      ({ serviceCalls }) =>
        serviceCalls.reschedule({
          params: { id: call.id },
          headers: headersFor(call),
          payload: { dueAt: new Date(at).toISOString() }
        }),
      moved
    )
  return (
    <Dialog title="Move this call" close={close}>
      {trouble === null ? null : <TroubleNote trouble={trouble} />}
      <label>
        Due at, in {zone} ({offsetName(Number.isFinite(at) ? at : Date.parse(call.dueAt), zone)})
        <input type="datetime-local" value={typed} onChange={(event) => setTyped(event.target.value)} />
      </label>
      <div className="actions">
        <button type="button" className="main" disabled={busy || !Number.isFinite(at)} onClick={move}>
          Move
        </button>
        <button type="button" onClick={close}>
          Leave it
        </button>
      </div>
    </Dialog>
  )
}

const MoveButton = ({ call, changed }: { readonly call: ServiceCall; readonly changed: () => void }) => {
  const [open, setOpen] = useState(false)
  const may = useMay(scope)
  const why = may
    ? call.status === "Scheduled"
      ? ""
      : (endedWhy(call) ?? "An attempt is under way")
    : `Needs the permission ${scope}`
  const close = () => {
    setOpen(false)
    changed()
  }
  const moved = () => {
    announce("Moved")
    close()
  }
  return (
    <>
      <button type="button" disabled={why !== ""} title={why} onClick={() => setOpen(true)}>
        Move…
      </button>
      {open ? <Move call={call} close={close} moved={moved} /> : null}
    </>
  )
}

export const CallActions = ({ call, changed }: { readonly call: ServiceCall; readonly changed: () => void }) => {
  const params = { id: call.id }
  const run: Action = {
    label: "Run again",
    main: true,
    why: call.status === "Failed" ? null : "Only a call that failed can be run again",
    ask: null,
    question: ({ serviceCalls }) => serviceCalls.run({ params, headers: headersFor(call) }),
    done: "Runs again"
  }
  const cancel: Action = {
    label: "Cancel the call",
    why: endedWhy(call) ?? (call.cancelRequested ? "It is being cancelled" : null),
    ask: { text: "No request leaves any more. One that is on the wire comes to its end.", danger: true },
    question: ({ serviceCalls }) => serviceCalls.cancel({ params, headers: headersFor(call) }),
    done: "Cancelled"
  }
  return (
    <Actions scope={scope} changed={changed} of={[run, cancel]}>
      <MoveButton call={call} changed={changed} />
    </Actions>
  )
}
