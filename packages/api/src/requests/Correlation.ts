/** The id that follows one request through answers, logs and events. */
import type { CorrelationId } from "@dueline/contracts/Ids"
import { Context } from "effect"

/** Set by the edge for every request, before anything else looks at it. */
export const CurrentCorrelationId = Context.Reference<CorrelationId>("@dueline/api/CurrentCorrelationId", {
  defaultValue: () => "0" as CorrelationId
})

const wellFormed = /^[0-9a-z]{1,13}$/u

export const isCorrelationId = (text: unknown): text is CorrelationId =>
  typeof text === "string" && wellFormed.test(text)
