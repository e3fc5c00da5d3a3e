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
      const names = open.at(-1)
      if (names !== undefined && names !== null && isName(text, end)) {
        const name = JSON.parse(text.slice(at, end)) as string
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
  let at = from + 1
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1
  return at + 1
}

const isName = (text: string, after: number): boolean => {
  let at = after
  while (/\s/u.test(text[at] ?? "x")) at += 1
  return text[at] === ":"
}
