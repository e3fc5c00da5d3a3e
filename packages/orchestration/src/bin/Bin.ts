/** The bin aggregate as one value: all that the writer knows of it. */
import type { BinCommand } from "@dueline/contracts/bin/Command"
import { BinEvent } from "@dueline/contracts/bin/Event"
import type { BinOutcome } from "@dueline/contracts/bin/Outcome"
import type { BinRejection } from "@dueline/contracts/bin/Rejection"
import type { BinId, StreamId } from "@dueline/contracts/Ids"
import type { Aggregate } from "../engine/Aggregate.ts"
import { decide } from "./decide.ts"
import { announce } from "./react.ts"
import { refuse, requires } from "./rules.ts"
import { BinState, evolve, initial } from "./State.ts"

export const Bin: Aggregate<BinCommand, BinState, BinEvent, BinRejection, BinOutcome> = {
  category: "bin",
  event: BinEvent,
  upcasters: {},
  snapshot: { form: 1, state: BinState },
  streamOf: ({ binId }) => binId as string as StreamId,
  opens: ({ _tag }) => _tag === "CreateBin",
  ended: (state) => state._tag === "Known" && state.bin.status === "Retired",
  initial,
  correlation: (state) => (state._tag === "Unknown" ? null : state.correlationId),
  evolve,
  decide,
  respond: ({ _tag, binId }, after) => {
    if (after._tag === "Unknown") throw new Error(`an accepted ${_tag} left no bin behind`)
    return { _tag: "BinAccepted", binId, bin: after.bin }
  },
  attachment: (_command, before) => before,
  ruled: true,
  requires: (events, _after, command) => requires(events, command),
  refuse,
  project: (after, { streamId, tenantId, version }) => {
    if (after._tag === "Unknown") return null
    const binId = streamId as string as BinId
    return { _tag: "BinRow", tenantId, binId, version, ...after.bin, correlationId: after.correlationId }
  },
  announce: (event, after, stamp, { binId }) => announce(event, after, stamp, binId),
  intend: () => []
}
