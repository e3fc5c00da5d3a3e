/** Whether a number, as it is written in JSON, keeps its decimal value when it is read: if not, it is refused, never rounded. */

const literal = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/u

/** The value as its significant digits and a power of ten; the same for every way to write it. Null for a power beyond all bounds. */
const decimalOf = (text: string): string | null => {
  const [, whole = "", fraction = "", power = "0"] = literal.exec(text) ?? []
  const digits = `${whole}${fraction}`.replace(/^0+/u, "")
  const significant = digits.replace(/0+$/u, "")
  if (significant === "") return "0"
  const exponent = Number(power) - fraction.length + (digits.length - significant.length)
  return Number.isSafeInteger(exponent) ? `${significant}e${exponent}` : null
}

/** Up to so many significant digits every decimal of ordinary size is read and written back as it was. */
const safeLength = 15

/** `written`: a number as JSON has it. The sign of zero has no decimal value. */
export const keepsItsValue = (written: string): boolean => {
  if (written.length <= safeLength && !/[eE]/u.test(written)) return true
  const read = Number(written)
  if (!Number.isFinite(read)) return false
  const value = decimalOf(written)
  return value !== null && value === decimalOf(String(read))
}

/**
 * Says of a text of JSON whether it can hold a number that does not keep its value: nearly all texts hold none, and are read the short way.
 * A number stands where a value may begin; what looks like one within a string, such as a UUID, rarely does.
 */
const suspicious = /(?:^|[[:,])\s*-?(?:\d[\d.]{14}|[\d.]+[eE])/u

/**
 * `parsed`, which is what `JSON.parse` made of the text, with NaN, which JSON cannot say, in the place of every number that would change
 * its value: whatever is expected there refuses it.
 */
export const exactly = (text: string, parsed: unknown): unknown =>
  suspicious.test(text)
    ? JSON.parse(text, (_name, value: unknown, context?: { readonly source?: string }) =>
        typeof value === "number" && context?.source !== undefined && !keepsItsValue(context.source)
          ? Number.NaN
          : value
      )
    : parsed

/** Whether such a NaN is in there. Expects a value whose depth is bounded. */
export const holdsInexact = (value: unknown): boolean =>
  typeof value === "number"
    ? Number.isNaN(value)
    : typeof value === "object" && value !== null && Object.values(value).some(holdsInexact)

/** What is said of it. */
export const changesItsValue =
  "holds a number that would change its value on the way: write fewer digits, or send it as a string"
