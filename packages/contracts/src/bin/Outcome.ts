/** What an accepted command about a bin is answered with: the bin as the command left it. */
import { Schema } from "effect"
import { BinId } from "../Ids.ts"
import { BinFacts } from "./Spec.ts"

export const BinOutcome = Schema.TaggedUnion({ BinAccepted: { binId: BinId, bin: BinFacts } })
export type BinOutcome = typeof BinOutcome.Type
