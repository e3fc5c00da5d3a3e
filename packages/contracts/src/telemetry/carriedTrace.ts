/** How a trace travels with a message through the outbox: in the row's payload, and out of it before anybody sees the message. */
import { isSampled } from "./Tracing.ts"

/** A name that no message has for a field. */
const key = "$traceparent"

/** Only a trace that somebody wants to see is carried: any other row is as it was. */
export const withTrace = (payload: unknown, traceparent: string | null): unknown =>
  isSampled(traceparent) && typeof payload === "object" && payload !== null
    ? { ...payload, [key]: traceparent }
    : payload

/** The message as it was announced, and the trace that it belongs to. */
export const takeTrace = (payload: unknown): { readonly payload: unknown; readonly traceparent: string | null } => {
  if (typeof payload !== "object" || payload === null || !(key in payload)) return { payload, traceparent: null }
  const { [key]: traceparent, ...rest } = payload
  return { payload: rest, traceparent: typeof traceparent === "string" ? traceparent : null }
}
