/** A duration as it is read: `PT6H` as `6 h`, none as `none`; what has another form, or parts of a second, as it is. */
import { parseDelay } from "@dueline/contracts/api/Wire"
import { span } from "./span.ts"

export const durationWords = (iso: string): string => {
  const millis = parseDelay(iso)
  if (!Number.isInteger(millis / 1_000)) return iso
  return millis === 0 ? "none" : span(millis)
}
