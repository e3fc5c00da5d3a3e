/**
 * Who came with something that opens nothing: counted for the audit log by reason and by the network it came from, so that a flood cannot fill
 * it. Of each pair the first of a minute is an entry, and the others are one more, with their number. Never the token, never a whole address.
 */
import { type AuditEntry, installationTenant } from "@dueline/contracts/ports/AuditTrail"
import type { CorrelationId, EpochMillis } from "@dueline/contracts/Ids"
import { isIPv4, isIPv6 } from "node:net"

export type BearerReason =
  | "token_expired"
  | "token_signature"
  | "token_key_unknown"
  | "token_claims"
  | "token_malformed"
  | "token_key_over"
  | "api_key_refused"
  | "session_over"

export interface RefusedBearer {
  readonly reason: BearerReason
  /** The address of the connection. */
  readonly address: string
  readonly correlationId: CorrelationId
}

/** Pairs of reason and network that a process tells apart in a minute; what comes from further ones is counted by reason alone. */
export const pairsPerMinute = 64

const classes: ReadonlyArray<readonly [RegExp, BearerReason]> = [
  [/expired|"exp"/u, "token_expired"],
  [/unknown kid/u, "token_key_unknown"],
  [/signature/u, "token_signature"],
  [/claim|names no tenant/u, "token_claims"]
]

/** Of the reasons that the verifier has for its own log. */
export const reasonOf = (words: string): BearerReason =>
  classes.find(([form]) => form.test(words))?.[1] ?? "token_malformed"

const mapped = "::ffff:"

/** Of IPv4 the first three numbers, of IPv6 the first three groups: whose it is cannot be read from that. */
export const networkOf = (address: string): string => {
  const plain = address.toLowerCase().startsWith(mapped) ? address.slice(mapped.length) : address
  if (isIPv4(plain)) return `${plain.split(".").slice(0, 3).join(".")}.0/24`
  if (!isIPv6(plain)) return "unknown"
  const groups = (plain.split("::", 1)[0] ?? "").split(":").filter((group) => group !== "")
  return `${groups.slice(0, 3).join(":")}::/48`
}

const elsewhere = "elsewhere"

interface Pair {
  readonly reason: BearerReason
  readonly network: string
  more: number
}

/** What one process refuses; `put` takes what is to be written. */
export class RefusedBearers {
  #pairs = new Map<string, Pair>()
  readonly #put: (entry: AuditEntry) => void

  constructor(put: (entry: AuditEntry) => void) {
    this.#put = put
  }

  take({ address, correlationId, reason }: RefusedBearer, now: number): void {
    const own = networkOf(address)
    const isOwn = this.#pairs.has(`${reason} ${own}`) || this.#pairs.size < pairsPerMinute
    const network = isOwn ? own : elsewhere
    const pair = this.#pairs.get(`${reason} ${network}`)
    if (pair !== undefined) {
      pair.more += 1
      return
    }
    this.#pairs.set(`${reason} ${network}`, { reason, network, more: 0 })
    this.#write(reason, network, now, correlationId, 1)
  }

  /** At the end of a minute. */
  turn(now: number): void {
    const before = this.#pairs
    this.#pairs = new Map()
    for (const { more, network, reason } of before.values()) if (more > 0) this.#write(reason, network, now, "0", more)
  }

  /** Whether something waits for the end of the minute. */
  hasMore(): boolean {
    for (const { more } of this.#pairs.values()) if (more > 0) return true
    return false
  }

  #write(code: BearerReason, network: string, now: number, correlationId: string, count: number): void {
    this.#put({
      tenantId: installationTenant,
      at: now as EpochMillis,
      actor: { kind: "unknown", id: network },
      action: "bearer.refuse",
      resource: null,
      outcome: "refused",
      code,
      correlationId,
      count
    })
  }
}
