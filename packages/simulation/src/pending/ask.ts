/** How a process asks its writer: a call with a pending key by the way that looks for the call that has it, anything else at once. */
import { makePendingCalls } from "@dueline/api/calls/pendingCalls"
import type { Envelope } from "@dueline/contracts/Envelope"
import type { ServiceCallId } from "@dueline/contracts/Ids"
import type { Command } from "@dueline/contracts/kinds"
import { CallQueries } from "@dueline/contracts/ports/Queries"
import type { AnyAnswer, AnyRefusal, Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { sealContext } from "@dueline/contracts/ports/Vaults"
import { Effect } from "effect"
import type { Surroundings } from "../layerPorts.ts"

export type Ask = (envelope: Envelope<Command>) => Effect.Effect<AnyAnswer, AnyRefusal>

export const makeAsk = Effect.fnUntraced(function* (
  { ask }: Orchestrator["Service"],
  { mutation, vault }: Surroundings
) {
  const calls = yield* CallQueries
  const { submit } = makePendingCalls(mutation.pendingLookup?.(calls) ?? calls)
  const asking: Ask = (envelope) => {
    const { command, tenantId } = envelope
    if (command._tag !== "SubmitServiceCall") return ask(envelope)
    const { sealed, spec } = command
    if (spec.pending === undefined) return ask(envelope)
    // Sealed as the request of the call that it becomes.
    const seal = (callId: ServiceCallId) => {
      const { onEnd, request } = spec
      const whole = { url: request.url, headers: {}, body: "hello" }
      const named = onEnd === undefined ? whole : { ...whole, onEnd: { url: onEnd.url, headers: {} } }
      return vault.seal(named, sealContext(tenantId, callId))
    }
    return submit(tenantId, spec.pending.key, (callId) =>
      ask({ ...envelope, command: { ...command, callId, sealed: sealed === null ? null : seal(callId) } })
    )
  }
  return asking
})
