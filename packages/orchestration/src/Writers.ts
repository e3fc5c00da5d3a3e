/** The Orchestrator port over the writers of this process: one for each kind of aggregate. */
import { DirectStarts } from "@dueline/contracts/DirectStarts"
import { categories, type Category, categoryOf } from "@dueline/contracts/kinds"
import { type OfferAny, Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { Tracing } from "@dueline/contracts/telemetry/Tracing"
import { Effect, Exit, Layer, Option } from "effect"
import { aggregates } from "./aggregates.ts"
import type { Aggregate } from "./engine/Aggregate.ts"
import { tracedOffer } from "./engine/tracedOffer.ts"
import { defaultWriterOptions, makeWriter, type WriterOptions } from "./engine/Writer.ts"

/** The writers of this process, which end with the scope. */
export const make = Effect.fnUntraced(function* (
  options: Partial<WriterOptions> = {},
  kinds: typeof aggregates = aggregates
) {
  const settings = { ...defaultWriterOptions, ...options }
  const writers = new Map<Category, OfferAny>()
  const direct = Option.getOrNull(yield* Effect.serviceOption(DirectStarts))
  for (const category of categories) {
    // Each writer gets the commands of its own kind only, which the type of a map cannot say.
    const aggregate = kinds[category] as unknown as Aggregate<never, never, never, never, never>
    const nextOf = direct !== null && category === "service-call" ? direct.ask : null
    const { offer } = yield* makeWriter(aggregate, settings, nextOf as never)
    writers.set(category, offer as unknown as OfferAny)
  }
  const tracing = yield* Tracing
  return Orchestrator.offering((envelope, settle) => {
    const offer = writers.get(categoryOf(envelope.command))
    if (offer === undefined) settle(Exit.die(`no writer for ${envelope.command._tag}`))
    else if (tracing === null) offer(envelope, settle)
    else tracedOffer(tracing, offer)(envelope, settle)
  })
})

export const layer = (options: Partial<WriterOptions> = {}) => Layer.effect(Orchestrator, make(options))
