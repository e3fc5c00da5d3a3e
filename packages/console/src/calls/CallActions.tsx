/** Run again, move, cancel: what can be done to one call. */
import type { ServiceCall } from "@dueline/contracts/api/ServiceCallView"
import { useState } from "react"
import { useAtom } from "../backend/useAtom.ts"
import { type Action, Actions, headersFor } from "../parts/Actions.tsx"
import { ChangeDialog, DialogButton } from "../parts/Dialogs.tsx"
import { TimeField } from "../parts/Fields.tsx"
import { zoneAtom } from "../time/Time.tsx"
import { instantOf, offsetName, typedTime } from "../time/zone.ts"

const scope = "ops:calls.write"

const endedWhy = ({ status }: ServiceCall): string | null =>
  status === "Scheduled" || status === "Running" ? null : "It has ended"

const Move = ({ call, close }: { readonly call: ServiceCall; readonly close: () => void }) => {
  const zone = useAtom(zoneAtom)
  const [typed, setTyped] = useState(typedTime(Date.parse(call.dueAt), zone))
  const at = instantOf(typed, zone)
  return (
    <ChangeDialog
      title="Move this call"
      label="Move"
      ready={Number.isFinite(at)}
      question={({ serviceCalls }) =>
        serviceCalls.reschedule({
          params: { id: call.id },
          headers: headersFor(call),
          payload: { dueAt: new Date(at).toISOString() }
        })
      }
      done="Moved"
      close={close}
      changed={close}
    >
      <TimeField
        label={`Due at, in ${zone} (${offsetName(Number.isFinite(at) ? at : Date.parse(call.dueAt), zone)})`}
        value={typed}
        set={setTyped}
      />
    </ChangeDialog>
  )
}

/** It may have been refused: how the call is by now is read however the dialog is left. */
const MoveButton = ({ call, changed }: { readonly call: ServiceCall; readonly changed: () => void }) => (
  <DialogButton
    label="Move"
    scope={scope}
    why={call.status === "Scheduled" ? null : (endedWhy(call) ?? "An attempt is under way")}
    changed={changed}
  >
    {(_, done) => <Move call={call} close={done} />}
  </DialogButton>
)

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
