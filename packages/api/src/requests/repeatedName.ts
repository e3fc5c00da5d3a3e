/**
 * Whether an object in a text of JSON has a name twice. Parsers take the last of the two and others the first, so that what was signed means
 * one thing to the signer and another to the reader.
 */

/** The first name that is there twice in one object; null when none is. Expects valid JSON. */
export const repeatedName = (text: string): string | null => {
  /** The names so far of each object that is open; null stands for a list. */
  const open: Array<Set<string> | null> = []
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]
    if (character === "{") open.push(new Set())
    else if (character === "[") open.push(null)
    else if (character === "}" || character === "]") open.pop()
    else if (character === '"') {
      const end = endOfString(text, at)
      const names = open[open.length - 1]
      if (names !== undefined && names !== null && isName(text, end)) {
        const written = text.slice(at + 1, end - 1)
        const name = written.includes("\\") ? (JSON.parse(`"${written}"`) as string) : written
        if (names.has(name)) return name
        names.add(name)
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
 * The same as a yes or no, by counting: a parser leaves one of two fields of one name, so that a text has more names than what was made of it.
 * `value`: what `JSON.parse` made of the text.
 */
export const hasSingleNames = (text: string, value: unknown): boolean =>
  namesIn(text) === fieldsIn(value, 0) || repeatedName(text) === null

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
/** What is deeper is counted the long way. */
const deepest = 64

const fieldsIn = (value: unknown, depth: number): number => {
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
