/** Cancel, move, run again: each sent with the version that was seen, so that it is refused when the call is another by now. */
import type { ServiceCall } from "@dueline/contracts/api/ServiceCallView"
import { IdempotencyKey } from "@dueline/contracts/Ids"
import { useState } from "react"
import { newKey, useAct } from "../backend/useAct.ts"
import { useMay } from "../parts/useMay.ts"
import { Dialog } from "../parts/Dialog.tsx"
import { announce } from "../parts/Announcer.tsx"
import { TroubleNote } from "../parts/TroubleNote.tsx"
import { useAtom } from "../backend/useAtom.ts"
import { zoneAtom } from "../time/chosenZone.ts"
import { instantOf, offsetName, typedTime } from "../time/zone.ts"

type Asked = "cancel" | "move" | "run"

const whyNot = (call: ServiceCall, allowed: boolean): Readonly<Record<Asked, string | null>> => {
  if (!allowed) {
    const none = "Needs the permission ops:calls.write"
    return { cancel: none, move: none, run: none }
  }
  const ended = call.status !== "Scheduled" && call.status !== "Running"
  return {
    cancel: ended ? "It has ended" : call.cancelRequested ? "It is being cancelled" : null,
    move: call.status === "Scheduled" ? null : ended ? "It has ended" : "An attempt is under way",
    run: call.status === "Failed" ? null : "Only a call that failed can be run again"
  }
}

const headersOf = ({ version }: ServiceCall) => ({
  "if-match": `"${version}"`,
  "idempotency-key": IdempotencyKey.make(newKey())
})

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
          headers: headersOf(call),
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

export const CallActions = ({ call, changed }: { readonly call: ServiceCall; readonly changed: () => void }) => {
  const { act, busy, trouble } = useAct()
  const [asked, setAsked] = useState<Asked | null>(null)
  const why = whyNot(call, useMay("ops:calls.write"))
  const done = (text: string) => () => {
    setAsked(null)
    announce(text)
    changed()
  }
  const params = { id: call.id }
  const run = () =>
    act(({ serviceCalls }) => serviceCalls.run({ params, headers: headersOf(call) }), done("Runs again"))
  const cancel = () =>
    act(({ serviceCalls }) => serviceCalls.cancel({ params, headers: headersOf(call) }), done("Cancelled"))
  return (
    <>
      {trouble === null ? null : <TroubleNote trouble={trouble} again={changed} />}
      <div className="actions">
        <button
          type="button"
          className={why.run === null ? "main" : ""}
          disabled={busy || why.run !== null}
          title={why.run ?? ""}
          onClick={run}
        >
          Run again
        </button>
        <button
          type="button"
          disabled={busy || why.move !== null}
          title={why.move ?? ""}
          onClick={() => setAsked("move")}
        >
          Move…
        </button>
        <button
          type="button"
          disabled={busy || why.cancel !== null}
          title={why.cancel ?? ""}
          onClick={() => setAsked("cancel")}
        >
          Cancel…
        </button>
      </div>
      {asked === "move" ? <Move call={call} close={() => setAsked(null)} moved={done("Moved")} /> : null}
      {asked === "cancel" ? (
        <Dialog title="Cancel this call" close={() => setAsked(null)}>
          <p>No request leaves any more. One that is on the wire comes to its end.</p>
          <div className="actions">
            <button type="button" className="danger" disabled={busy} onClick={cancel}>
              Cancel the call
            </button>
            <button type="button" onClick={() => setAsked(null)}>
              Leave it
            </button>
          </div>
        </Dialog>
      ) : null}
    </>
  )
}
