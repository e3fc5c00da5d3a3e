/** How the streams of each category are replayed. */
import type { StreamKey } from "@dueline/contracts/Envelope"
import { categories, type Category } from "@dueline/contracts/kinds"
import { aggregates } from "./aggregates.ts"
import type { Aggregate } from "./engine/Aggregate.ts"
import { type Replay, replayer } from "./engine/storedForms.ts"

export type Replayer = (stream: StreamKey) => Replay

export const replays = Object.fromEntries(
  categories.map((category) => [
    category,
    replayer(aggregates[category] as unknown as Aggregate<never, never, never, never, never>)
  ])
) as Readonly<Record<Category, Replayer>>
