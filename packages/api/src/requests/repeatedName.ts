/**
 * Whether an object in a text of JSON has a name twice. Parsers take the last of the two and others the first (RFC 8259 § 4), so that a text means
 * one thing to whoever looked at it or signed it and another to its reader.
 */

/** Where a name stands: names of objects, and places in lists. */
export type Place = ReadonlyArray<string | number>

interface Open {
  /** The names so far; null in a list. */
  readonly names: Set<string> | null
  /** Of what is read in it at the moment. */
  at: string | number
}

/** The first name that is there twice in one object; null when none is. Expects valid JSON. */
export const repeatedName = (text: string): Place | null => {
  const open: Array<Open> = []
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]
    const inside = open[open.length - 1]
    if (character === "{") open.push({ names: new Set(), at: "" })
    else if (character === "[") open.push({ names: null, at: 0 })
    else if (character === "}" || character === "]") open.pop()
    else if (character === "," && typeof inside?.at === "number") inside.at += 1
    else if (character === '"') {
      const end = endOfString(text, at)
      const names = inside?.names
      if (inside !== undefined && names && isName(text, end)) {
        const written = text.slice(at + 1, end - 1)
        inside.at = written.includes("\\") ? (JSON.parse(`"${written}"`) as string) : written
        if (names.has(inside.at)) return open.map((one) => one.at)
        names.add(inside.at)
      }
      at = end - 1
    }
  }
  return null
}

/** Behind the closing quote of the string that begins here. */
const endOfString = (text: string, from: number): number => {
  let end = text.indexOf('"', from + 1)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end + 1
}

/** Behind an odd number of backslashes. */
const isEscaped = (text: string, at: number): boolean => {
  let first = at
  while (text.charCodeAt(first - 1) === backslash) first -= 1
  return (at - first) % 2 === 1
}

const isName = (text: string, after: number): boolean => {
  let at = after
  while (isBlank(text[at])) at += 1
  return text[at] === ":"
}

/** JSON has no others. */
const isBlank = (character: string | undefined): boolean =>
  character === " " || character === "\n" || character === "\r" || character === "\t"

/**
 * The same, looked for where counting says that there is one: a parser leaves one of two fields of one name, so that a text has more names than
 * what was made of it has fields.
 */
export const repeatedAmong = (text: string, fields: number): Place | null =>
  namesIn(text) === fields ? null : repeatedName(text)

/** A colon stands behind a name and nowhere else outside of strings. */
const namesIn = (text: string): number => {
  let names = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === colon) names += 1
    else if (code === quote) at = endOfString(text, at) - 1
  }
  return names
}

const backslash = 0x5c
const colon = 0x3a
const quote = 0x22
/** What is deeper is not counted. */
const deepest = 64

/** The fields of all objects in what `JSON.parse` made of a text; NaN when it is nested too deep to be counted. */
export const fieldsIn = (value: unknown, depth = 0): number => {
  if (typeof value !== "object" || value === null) return 0
  if (depth > deepest) return Number.NaN
  let fields = 0
  if (Array.isArray(value)) {
    for (const each of value) fields += fieldsIn(each, depth + 1)
    return fields
  }
  for (const name in value) fields += 1 + fieldsIn((value as Readonly<Record<string, unknown>>)[name], depth + 1)
  return fields
}
