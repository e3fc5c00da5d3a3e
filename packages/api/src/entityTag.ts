/** Reads `If-Match` and `If-None-Match` (RFC 9110 § 13.1). */

/** `versions` are the strong tags that could be ours; a tag of another form matches nothing. */
export type EntityTags = { readonly any: true } | { readonly any: false; readonly versions: ReadonlyArray<number> }

/** An element of the list with what parts it from the next; a tag may hold commas, and elements may be empty (RFC 9110 § 5.6.1.2). */
const element = /[ \t]*(?:(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*)?(?:,|$)/uy
const version = /^\d{1,15}$/u

/**
 * Null when the header is malformed. Under `strong` comparison a weak tag never matches, under weak comparison its value counts.
 */
export const parseEntityTags = (header: string, comparison: "strong" | "weak"): EntityTags | null => {
  if (header.trim() === "*") return { any: true }
  const versions: Array<number> = []
  let found = 0
  element.lastIndex = 0
  while (element.lastIndex < header.length) {
    const match = element.exec(header)
    if (match === null) return null
    const [, weak, value] = match
    if (value === undefined) continue
    found++
    if (version.test(value) && (weak === undefined || comparison === "weak")) versions.push(Number(value))
  }
  return found === 0 ? null : { any: false, versions }
}
