/** How the streams of each category are replayed. */
import type { Category } from "@dueline/contracts/Command"
import type { StreamKey } from "@dueline/contracts/Envelope"
import { aggregates } from "./aggregates.ts"
import { type Replay, replayer } from "./engine/replay.ts"

export const replays: Readonly<Record<Category, (stream: StreamKey) => Replay>> = {
  "service-call": replayer(aggregates["service-call"]),
  customer: replayer(aggregates.customer),
  bin: replayer(aggregates.bin),
  order: replayer(aggregates.order)
}
