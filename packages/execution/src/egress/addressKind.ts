/**
 * Reads IP addresses as the bytes they are, and says what an address is for: the open internet, or one of the places that no caller's
 * request may reach.
 */

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

/** IANA special-purpose registries (RFC 6890 and updates) in the words that a refusal shows. */
export type AddressKind =
  | "public"
  | "unspecified"
  | "loopback"
  | "private"
  | "shared"
  | "link_local"
  | "metadata"
  | "documentation"
  | "benchmark"
  | "multicast"
  | "broadcast"
  | "reserved"
  | "malformed"

type Block = readonly [base: string, bits: number, kind: AddressKind]

// The first match decides, so a metadata address stands before the block it lies in.
const blocks4: ReadonlyArray<Block> = [
  ["169.254.169.254", 32, "metadata"],
  ["169.254.170.2", 32, "metadata"],
  ["100.100.100.200", 32, "metadata"],
  ["192.0.0.192", 32, "metadata"],
  ["168.63.129.16", 32, "metadata"],
  ["0.0.0.0", 32, "unspecified"],
  ["0.0.0.0", 8, "reserved"],
  ["10.0.0.0", 8, "private"],
  ["100.64.0.0", 10, "shared"],
  ["127.0.0.0", 8, "loopback"],
  ["169.254.0.0", 16, "link_local"],
  ["172.16.0.0", 12, "private"],
  ["192.0.0.0", 24, "reserved"],
  ["192.0.2.0", 24, "documentation"],
  ["192.88.99.0", 24, "reserved"],
  ["192.168.0.0", 16, "private"],
  ["198.18.0.0", 15, "benchmark"],
  ["198.51.100.0", 24, "documentation"],
  ["203.0.113.0", 24, "documentation"],
  ["224.0.0.0", 4, "multicast"],
  ["255.255.255.255", 32, "broadcast"],
  ["240.0.0.0", 4, "reserved"]
]

const blocks6: ReadonlyArray<Block> = [
  ["::", 128, "unspecified"],
  ["::1", 128, "loopback"],
  ["fd00:ec2::254", 128, "metadata"],
  ["fd20:ce::254", 128, "metadata"],
  ["fc00::", 7, "private"],
  ["fe80::", 10, "link_local"],
  ["fec0::", 10, "private"],
  ["ff00::", 8, "multicast"],
  ["2001:db8::", 32, "documentation"],
  ["3fff::", 20, "documentation"],
  ["2001:2::", 48, "benchmark"],
  ["2001:10::", 28, "reserved"],
  ["2001:20::", 28, "reserved"]
]

const compile = (blocks: ReadonlyArray<Block>) =>
  blocks.map(([base, bits, kind]) => ({ base: addressOctets(base) ?? [], bits, kind }))

const table4 = compile(blocks4)
const table6 = compile(blocks6)

const prefix = (text: string): ReadonlyArray<number> => addressOctets(text) ?? []
const mapped = prefix("::ffff:0:0")
const translated = prefix("::ffff:0:0:0")
const compatible = prefix("::")
const nat64 = prefix("64:ff9b::")
const sixToFour = prefix("2002::")
const teredo = prefix("2001::")
const globalUnicast = prefix("2000::")

/** IPv4 addresses that an IPv6 address leads to through a translator or tunnel; `through` says that it leads nowhere else. */
const embedded = (
  octets: ReadonlyArray<number>
): { readonly inner: Array<ReadonlyArray<number>>; readonly through: boolean } => {
  for (const carrier of [mapped, translated, compatible, nat64]) {
    if (sharesPrefix(octets, carrier, 96)) return { inner: [octets.slice(12)], through: true }
  }
  if (sharesPrefix(octets, sixToFour, 16)) return { inner: [octets.slice(2, 6)], through: true }
  if (sharesPrefix(octets, teredo, 32)) {
    return { inner: [octets.slice(4, 8), octets.slice(12).map((octet) => octet ^ 255)], through: true }
  }
  // ISATAP (RFC 5214): the interface id ends in the IPv4 address of the tunnel's far end.
  const isatap = (octets[8] === 0 || octets[8] === 2) && octets[9] === 0 && octets[10] === 0x5e && octets[11] === 0xfe
  return isatap ? { inner: [octets.slice(12)], through: false } : { inner: [], through: false }
}

const kind4 = (octets: ReadonlyArray<number>): AddressKind =>
  table4.find(({ base, bits }) => sharesPrefix(octets, base, bits))?.kind ?? "public"

/** What the address is for. Anything that is not plainly on the open internet is something else than `public`. */
export const addressKind = (address: string): AddressKind => {
  const octets = addressOctets(address)
  if (octets === null) return "malformed"
  if (octets.length === 4) return kind4(octets)
  const listed = table6.find(({ base, bits }) => sharesPrefix(octets, base, bits))
  if (listed !== undefined) return listed.kind
  const { inner, through } = embedded(octets)
  const hidden = inner.map(kind4).find((kind) => kind !== "public")
  if (hidden !== undefined) return hidden
  return through || sharesPrefix(octets, globalUnicast, 3) ? "public" : "reserved"
}
