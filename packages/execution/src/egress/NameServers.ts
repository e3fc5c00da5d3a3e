/**
 * Asks for names as the C library does, but not on libuv's four threads, which files, zlib and crypto share: the hosts file first, then
 * the name servers of `/etc/resolv.conf` over sockets (c-ares), with its search list. Other sources of nsswitch.conf are not asked.
 */
import { Resolver } from "node:dns"
import { FileWatch, parseHosts, parseResolvConf, searchNames, type SearchRules } from "./nameFiles.ts"
import type { AskName, NameAnswer } from "./Names.ts"
import type { ResolvedAddress } from "./openSocket.ts"

/** How long a server may take, and how often it is asked, by c-ares. Together less than a request waits for a name. */
const serverTimeoutMs = 2_500
const tries = 2

/** RFC 8305 § 3: how long addresses of one family wait for those of the other. */
const otherFamilyMs = 50

const hostsPath = process.platform === "win32" ? String.raw`C:\Windows\System32\drivers\etc\hosts` : "/etc/hosts"

/** RFC 6761 § 6.3: never asked of a server. */
const loopback: NameAnswer = {
  _tag: "Addresses",
  addresses: [
    { address: "127.0.0.1", family: 4 },
    { address: "::1", family: 6 }
  ],
  ttlMs: 0
}

/** RFC 6761 § 6.4: nor is a server asked for these, which never exist. */
const invalid: NameAnswer = { _tag: "NoSuchName", code: "ENOTFOUND" }

/** An answer of one family: its addresses, that there are none, or why there was no answer. */
type Part =
  | { readonly addresses: ReadonlyArray<ResolvedAddress>; readonly ttlMs: number }
  | { readonly missing: string }
  | { readonly failed: string }

/** Such a name is not there, has no address of this kind, or cannot be one. */
const missing: ReadonlySet<string> = new Set(["ENOTFOUND", "ENODATA", "EBADNAME"])

const partOf = (
  error: NodeJS.ErrnoException | null,
  found: ReadonlyArray<{ readonly address: string; readonly ttl: number }> | undefined,
  family: number
): Part => {
  if (error !== null) {
    const code = error.code ?? "unknown"
    return missing.has(code) ? { missing: code } : { failed: code }
  }
  const records = found ?? []
  if (records.length === 0) return { missing: "ENODATA" }
  return {
    addresses: records.map(({ address }) => ({ address, family })),
    ttlMs: 1_000 * Math.min(...records.map(({ ttl }) => ttl))
  }
}

/**
 * What both families together say. Addresses count whatever the other family's answer is: some servers give none for AAAA, or a wrong one.
 */
export const togetherOf = (parts: ReadonlyArray<Part>): NameAnswer => {
  const found = parts.filter((part) => "addresses" in part)
  if (found.length > 0) {
    return {
      _tag: "Addresses",
      addresses: found.flatMap(({ addresses }) => addresses),
      ttlMs: Math.min(...found.map(({ ttlMs }) => ttlMs))
    }
  }
  // That a name does not exist is said for all families.
  const absent = parts.find((part) => "missing" in part && part.missing !== "ENODATA")
  const failed = parts.find((part) => "failed" in part)
  if (failed !== undefined && absent === undefined) {
    return { _tag: "Unanswered", detail: `the name servers gave no answer about the name (${failed.failed})` }
  }
  const none = absent ?? parts.find((part) => "missing" in part)
  return { _tag: "NoSuchName", code: none !== undefined && "missing" in none ? none.missing : "ENODATA" }
}

export class NameServers {
  #resolver: Resolver
  readonly #servers: ReadonlyArray<string> | null
  readonly #hosts: FileWatch<ReadonlyMap<string, ReadonlyArray<ResolvedAddress>>>
  readonly #rules: FileWatch<SearchRules>

  /** `now`: milliseconds of elapsed time. `servers`: instead of those of `/etc/resolv.conf`. */
  constructor(now: () => number, servers: ReadonlyArray<string> | null, hosts: string = hostsPath) {
    this.#servers = servers
    this.#hosts = new FileWatch(hosts, now, parseHosts)
    this.#resolver = this.#makeResolver()
    this.#rules = new FileWatch("/etc/resolv.conf", now, parseResolvConf, () => {
      // The old one ends what it was asked.
      this.#resolver = this.#makeResolver()
    })
  }

  readonly ask: AskName = (name, answer) => {
    const host = name.replace(/\.$/, "")
    const written = this.#hosts.read().get(host)
    if (written !== undefined) return answer({ _tag: "Addresses", addresses: written, ttlMs: 0 })
    if (host === "localhost" || host.endsWith(".localhost")) return answer(loopback)
    if (host === "invalid" || host.endsWith(".invalid")) return answer(invalid)
    this.#search(searchNames(name, this.#rules.read()), null, answer)
  }

  /** Questions that still wait end without an answer. */
  close(): void {
    this.#resolver.cancel()
  }

  #makeResolver(): Resolver {
    const resolver = new Resolver({ timeout: serverTimeoutMs, tries })
    if (this.#servers !== null) resolver.setServers(this.#servers)
    return resolver
  }

  /** The first candidate that has addresses. One without an answer does not end the search, but is kept in mind. */
  #search(names: ReadonlyArray<string>, unanswered: NameAnswer | null, answer: (answer: NameAnswer) => void): void {
    const [name, ...rest] = names
    if (name === undefined) return answer(unanswered ?? { _tag: "NoSuchName", code: "ENOTFOUND" })
    this.#both(name, (said) => {
      if (said._tag === "Addresses") return answer(said)
      if (rest.length === 0 && unanswered === null) return answer(said)
      this.#search(rest, said._tag === "Unanswered" ? said : unanswered, answer)
    })
  }

  #both(name: string, answer: (answer: NameAnswer) => void): void {
    const parts: Array<Part> = []
    let timer: NodeJS.Timeout | null = null
    let done = false
    const finish = (): void => {
      if (done) return
      done = true
      if (timer !== null) clearTimeout(timer)
      answer(togetherOf(parts))
    }
    const hear = (part: Part): void => {
      parts.push(part)
      if (parts.length === 2) finish()
      // oxlint-disable-next-line eslint/no-restricted-globals -- a real name server answers in real time
      else if ("addresses" in part) timer = setTimeout(finish, otherFamilyMs)
    }
    this.#resolver.resolve4(name, { ttl: true }, (error, found) => hear(partOf(error, found, 4)))
    this.#resolver.resolve6(name, { ttl: true }, (error, found) => hear(partOf(error, found, 6)))
  }
}
