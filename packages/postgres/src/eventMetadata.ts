/** Whether what stands beside an event as its metadata is what a writer puts there. */
import { CommandId } from "@dueline/contracts/Ids"
import { Schema } from "effect"

const Metadata = Schema.Struct({
  commandId: CommandId,
  correlationId: Schema.NonEmptyString,
  actor: Schema.Struct({ kind: Schema.Literals(["user", "system"]), id: Schema.NonEmptyString }),
  traceparent: Schema.NullOr(Schema.String)
})

/** By type and shape alone: a value that was exchanged for another possible one is not seen. */
export const isEventMetadata: (metadata: unknown) => boolean = Schema.is(Metadata)
