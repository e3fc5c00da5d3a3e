/** A duration of ISO 8601 as it is read: `PT6H` as `6 h`, none as `none`; what has another form as it is. */
import { span } from "./span.ts"

const units = [86_400_000, 3_600_000, 60_000, 1_000] as const

export const durationWords = (iso: string): string => {
  const found = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/u.exec(iso)
  if (found === null) return iso
  const millis = units.reduce((sum, size, n) => sum + Number(found[n + 1] ?? 0) * size, 0)
  return millis === 0 ? "none" : span(millis)
}
