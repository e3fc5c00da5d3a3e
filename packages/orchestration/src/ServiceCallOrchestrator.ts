/** The Orchestrator port over one writer of service calls. */
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { Effect, Layer } from "effect"
import { defaultWriterOptions, makeWriter, type WriterOptions } from "./engine/Writer.ts"
import { ServiceCall } from "./service-call/ServiceCall.ts"

/** The writer of this process, which ends with the scope. */
export const make = (options: Partial<WriterOptions> = {}) =>
  makeWriter(ServiceCall, { ...defaultWriterOptions, ...options }).pipe(
    Effect.map(({ ask }) => Orchestrator.of({ ask }))
  )

export const layer = (options: Partial<WriterOptions> = {}) => Layer.effect(Orchestrator, make(options))
