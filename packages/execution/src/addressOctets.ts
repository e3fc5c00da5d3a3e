/** Reads IP addresses as the bytes they are, and nothing that only looks like one. */

/** Four octets, most significant first; null unless plain dotted decimal. */
const parse4 = (text: string): ReadonlyArray<number> | null => {
  const parts = text.split(".")
  if (parts.length !== 4) return null
  const octets: Array<number> = []
  for (const part of parts) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null
    octets.push(Number(part))
  }
  return octets
}

/** Sixteen octets; null unless RFC 4291 text without a zone. */
const parse6 = (text: string): ReadonlyArray<number> | null => {
  let tail: ReadonlyArray<number> = []
  let head = text
  if (text.includes(".")) {
    const colon = text.lastIndexOf(":")
    const octets = parse4(text.slice(colon + 1))
    if (octets === null || colon < 1) return null
    tail = octets
    head = text[colon - 1] === ":" ? text.slice(0, colon + 1) : text.slice(0, colon)
  }
  const halves = head.split("::")
  if (halves.length > 2) return null
  const groups = (half: string): Array<string> => (half === "" ? [] : half.split(":"))
  const left = groups(halves[0] ?? "")
  const right = groups(halves[1] ?? "")
  if (![...left, ...right].every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null
  const missing = 8 - tail.length / 2 - left.length - right.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null
  const words = [...left, ...Array.from({ length: missing }, () => "0"), ...right].map((group) =>
    Number.parseInt(group, 16)
  )
  return [...words.flatMap((word) => [word >> 8, word & 255]), ...tail]
}

/** The octets of an address: 4 or 16 of them, or null when the text is no address. */
export const addressOctets = (address: string): ReadonlyArray<number> | null =>
  address.includes(":") ? parse6(address) : parse4(address)

/** Whether the first `bits` of two addresses of one family are the same. */
export const sharesPrefix = (a: ReadonlyArray<number>, b: ReadonlyArray<number>, bits: number): boolean => {
  if (a.length !== b.length) return false
  for (let i = 0, left = bits; left > 0; i++, left -= 8) {
    const mask = left >= 8 ? 255 : (255 << (8 - left)) & 255
    if (((a[i] ?? 0) & mask) !== ((b[i] ?? 0) & mask)) return false
  }
  return true
}
