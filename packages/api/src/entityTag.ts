/** Reads `If-Match` and `If-None-Match` (RFC 9110 § 13.1). */

/** `versions` are the strong tags that could be ours; a tag of another form matches nothing. */
export type EntityTags = { readonly any: true } | { readonly any: false; readonly versions: ReadonlyArray<number> }

const tag = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/u
const version = /^\d{1,15}$/u

/**
 * Null when the header is malformed. Under `strong` comparison a weak tag never matches, under weak comparison its value counts.
 */
export const parseEntityTags = (header: string, comparison: "strong" | "weak"): EntityTags | null => {
  if (header.trim() === "*") return { any: true }
  const versions: Array<number> = []
  for (const item of header.split(",")) {
    const match = tag.exec(item.trim())
    if (match === null) return null
    const [, weak, value = ""] = match
    if (version.test(value) && (weak === undefined || comparison === "weak")) versions.push(Number(value))
  }
  return { any: false, versions }
}
