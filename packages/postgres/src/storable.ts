/** Text as PostgreSQL can keep it. */

/** `text` columns hold no U+0000 and no half of a surrogate pair; contents that may have them travel as JSON text instead. */
export const storable = (text: string): string => text.toWellFormed().replaceAll("\0", "\uFFFD")

export const orNull = (text: string | null): string | null => (text === null ? null : storable(text))

/** PostgreSQL's way to write a list of strings down. */
export const listLiteral = (items: ReadonlyArray<string>): string =>
  `{${items.map((item) => `"${storable(item).replace(/["\\]/gu, "\\$&")}"`).join(",")}}`
