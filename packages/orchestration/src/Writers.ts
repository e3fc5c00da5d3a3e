/** The Orchestrator port over the writers of this process: one for each kind of aggregate. */
import { categoryOf } from "@dueline/contracts/Command"
import type { Envelope } from "@dueline/contracts/Envelope"
import { type AnyAnswer, type AnyRefusal, Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { Effect, Layer } from "effect"
import { aggregates } from "./aggregates.ts"
import { defaultWriterOptions, makeWriter, type WriterOptions } from "./engine/Writer.ts"

/** The writers of this process, which end with the scope. */
export const make = Effect.fnUntraced(function* (
  options: Partial<WriterOptions> = {},
  kinds: typeof aggregates = aggregates
) {
  const settings = { ...defaultWriterOptions, ...options }
  const writers = {
    "service-call": (yield* makeWriter(kinds["service-call"], settings)).ask,
    customer: (yield* makeWriter(kinds.customer, settings)).ask,
    bin: (yield* makeWriter(kinds.bin, settings)).ask,
    order: (yield* makeWriter(kinds.order, settings)).ask
  }
  // Each writer gets the commands of its own category only, which the type of a record cannot say.
  const writerOf = (category: keyof typeof writers) =>
    writers[category] as (envelope: Envelope<never>) => Effect.Effect<AnyAnswer, AnyRefusal>
  return Orchestrator.asking((envelope) => writerOf(categoryOf(envelope.command))(envelope as Envelope<never>))
})

export const layer = (options: Partial<WriterOptions> = {}) => Layer.effect(Orchestrator, make(options))
