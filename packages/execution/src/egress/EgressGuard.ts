/**
 * Decides where a request may go: only to addresses on the open internet, unless an allow-list says more. Pure: resolves nothing. An
 * address is read as the bytes it is, and judged by what it is for.
 */
import { Recent } from "@dueline/contracts/Recent"
import { parseTarget } from "@dueline/contracts/serviceCall/target"
import { Result } from "effect"

/** Origins whose verdict is remembered: the same few are called again and again, and neither they nor the allow-list change. */
const remembered = 1_000

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
const addressOctets = (address: string): ReadonlyArray<number> | null =>
  address.includes(":") ? parse6(address) : parse4(address)

/** Whether the first `bits` of two addresses of one family are the same. */
const sharesPrefix = (a: ReadonlyArray<number>, b: ReadonlyArray<number>, bits: number): boolean => {
  if (a.length !== b.length) return false
  for (let i = 0, left = bits; left > 0; i++, left -= 8) {
    const mask = left >= 8 ? 255 : (255 << (8 - left)) & 255
    if (((a[i] ?? 0) & mask) !== ((b[i] ?? 0) & mask)) return false
  }
  return true
}

/** IANA special-purpose registries (RFC 6890 and updates) in the words that a refusal shows. */
type AddressKind =
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

interface Denial {
  readonly code: "url_invalid" | "scheme_not_allowed" | "credentials_in_url" | "address_denied"
  /** What the refused address is, when one was refused. */
  readonly kind: AddressKind | null
  /** For people: what is wrong, or what to do. Holds nothing of the URL. */
  readonly detail: string
}

export interface EgressGuard {
  /**
   * What can be said about a URL before its name is resolved: scheme, credentials, a literal address in any spelling that the
   * WHATWG URL parser understands (decimal, octal, hexadecimal, IPv4 inside IPv6). Null when nothing speaks against it. A text is read
   * as `parseTarget` does; a URL is what was read.
   */
  readonly checkUrl: (url: string | URL) => Denial | null
  /**
   * Every address that a name resolved to must be allowed; one that is not refuses the whole name, or a resolver that
   * answers with a public and a private address would decide where the request goes. No addresses at all are refused too.
   */
  readonly checkAddresses: (host: string, port: number, addresses: ReadonlyArray<string>) => Denial | null
}

interface Allowed {
  /** Lower case; null when the entry is a block of addresses. */
  readonly host: string | null
  readonly base: ReadonlyArray<number>
  readonly bits: number
  readonly port: number | null
}

const block = (address: string, bits: number | null, port: number | null): Allowed | null => {
  const base = addressOctets(address)
  if (base === null) return null
  const most = base.length * 8
  if (bits !== null && !(bits >= 0 && bits <= most)) return null
  return { host: null, base, bits: bits ?? most, port }
}

const parseEntry = (text: string): ReadonlyArray<Allowed | null> => {
  const entry = text.trim().toLowerCase()
  const cidr = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(entry)
  if (cidr !== null) return [block(cidr[1] ?? "", Number(cidr[2]), null)]
  if (addressOctets(entry) !== null) return [block(entry, null, null)]
  const named = /^(\[[0-9a-f.:]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/.exec(entry)
  if (named === null) return [null]
  const host = (named[1] ?? "").replace(/^\[|\]$|\.$/g, "")
  const port = named[2] === undefined ? null : Number(named[2])
  if (addressOctets(host) !== null) return [block(host, null, port)]
  const byName: Allowed = { host, base: [], bits: 0, port }
  return host === "localhost" ? [byName, block("127.0.0.0", 8, port), block("::1", 128, port)] : [byName]
}

const denial = (code: Denial["code"], detail: string, kind: AddressKind | null = null): Denial => ({
  code,
  kind,
  detail
})

/** The host as it is compared: lower case, no brackets, no root dot. */
const plainHost = (hostname: string): string => hostname.toLowerCase().replace(/^\[|\]$|\.$/g, "")

const portOf = (url: URL): number => (url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port))

/**
 * A guard with an allow-list for development. Entries: `host`, `host:port`, an address with or without port (`[::1]:8080`), a block
 * (`127.0.0.0/8`), or `localhost`, which also means the loopback addresses. Throws a `RangeError` that names a bad entry.
 */
export const makeEgressGuard = (allow: ReadonlyArray<string> = []): EgressGuard => {
  const allowed = allow.flatMap((entry) =>
    parseEntry(entry).map((parsed) => {
      if (parsed === null)
        throw new RangeError(`egress allow-list: "${entry}" is neither a host, host:port nor an address block`)
      return parsed
    })
  )
  const hostAllowed = (host: string, port: number): boolean =>
    allowed.some((entry) => entry.host === host && (entry.port === null || entry.port === port))
  const addressAllowed = (address: string, port: number): boolean => {
    const octets = addressOctets(address)
    return (
      octets !== null &&
      allowed.some(
        (entry) =>
          entry.host === null &&
          (entry.port === null || entry.port === port) &&
          sharesPrefix(octets, entry.base, entry.bits)
      )
    )
  }
  const refuse = (address: string, port: number): Denial | null => {
    const kind = addressKind(address)
    return kind === "public" || addressAllowed(address, port)
      ? null
      : denial("address_denied", `the address is not on the open internet (${kind})`, kind)
  }
  const judge = (host: string, port: number): Denial | null => {
    if (hostAllowed(host, port)) return null
    if (addressOctets(host) !== null) return refuse(host, port)
    // RFC 6761: these names are the machine itself, whatever a resolver says.
    return host === "localhost" || host.endsWith(".localhost")
      ? denial("address_denied", "the address is not on the open internet (loopback)", "loopback")
      : null
  }
  const judged = new Recent<string, Denial | null>(remembered)
  return {
    checkUrl: (input) => {
      const parsed = typeof input === "string" ? parseTarget(input) : Result.succeed(input)
      if (Result.isFailure(parsed)) return denial(parsed.failure.code, parsed.failure.detail)
      const url = parsed.success
      if (url.protocol !== "https:" && url.protocol !== "http:")
        return denial("scheme_not_allowed", "only http and https")
      if (url.username !== "" || url.password !== "")
        return denial("credentials_in_url", "credentials belong into a header")
      return judged.getOrMake(`${url.protocol}//${url.host}`, () => judge(plainHost(url.hostname), portOf(url)))
    },
    checkAddresses: (hostname, port, addresses) => {
      if (addresses.length === 0) return denial("address_denied", "the name has no address", "malformed")
      if (hostAllowed(plainHost(hostname), port)) return null
      for (const address of addresses) {
        const refused = refuse(address, port)
        if (refused !== null) return refused
      }
      return null
    }
  }
}
