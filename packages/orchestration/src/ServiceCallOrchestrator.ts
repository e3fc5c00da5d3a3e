/** The Orchestrator port over one writer of service calls. */
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { Effect, Layer } from "effect"
import { defaultWriterOptions, makeWriter, type WriterOptions } from "./engine/Writer.ts"
import { ServiceCall } from "./service-call/ServiceCall.ts"

export const layer = (options: Partial<WriterOptions> = {}) =>
  Layer.effect(
    Orchestrator,
    makeWriter(ServiceCall, { ...defaultWriterOptions, ...options }).pipe(
      Effect.map(({ ask }) => Orchestrator.of({ ask }))
    )
  )
