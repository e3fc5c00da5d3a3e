/** Decides where a request may go: only to addresses on the open internet, unless an allow-list says more. Pure: resolves nothing. */
import { parseTarget } from "@dueline/contracts/serviceCall/parseTarget"
import { Result } from "effect"
import { type AddressKind, addressKind, addressOctets, sharesPrefix } from "./addressKind.ts"

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
  return {
    checkUrl: (input) => {
      const parsed = typeof input === "string" ? parseTarget(input) : Result.succeed(input)
      if (Result.isFailure(parsed)) return denial(parsed.failure.code, parsed.failure.detail)
      const url = parsed.success
      if (url.protocol !== "https:" && url.protocol !== "http:")
        return denial("scheme_not_allowed", "only http and https")
      if (url.username !== "" || url.password !== "")
        return denial("credentials_in_url", "credentials belong into a header")
      const host = plainHost(url.hostname)
      const port = portOf(url)
      if (hostAllowed(host, port)) return null
      if (addressOctets(host) !== null) return refuse(host, port)
      // RFC 6761: these names are the machine itself, whatever a resolver says.
      return host === "localhost" || host.endsWith(".localhost")
        ? denial("address_denied", "the address is not on the open internet (loopback)", "loopback")
        : null
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
