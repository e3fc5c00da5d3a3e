/** Says what an IP address is for: the open internet, or one of the places that no request of a stranger may reach. */
import { addressOctets, sharesPrefix } from "./addressOctets.ts"

/** IANA special-purpose registries (RFC 6890 and updates) in the words of whoever reads the refusal. */
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
