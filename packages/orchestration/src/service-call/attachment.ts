/** What becomes of the sealed request: kept while an attempt may need it, erased with the last chance of one. */
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import type { ServiceCallState } from "./State.ts"

/**
 * The attachment after a decision. A failed call keeps its request, still sealed, because it may be run again by hand;
 * a call that succeeded or was cancelled never needs it any more.
 */
export const attachment = (
  command: ServiceCallCommand,
  before: string | null,
  state: ServiceCallState
): string | null => {
  if (command._tag === "SubmitServiceCall" && before === null && state._tag === "Scheduled" && state.epoch === 0) {
    return command.sealed
  }
  return state._tag === "Succeeded" || state._tag === "Cancelled" ? null : before
}
