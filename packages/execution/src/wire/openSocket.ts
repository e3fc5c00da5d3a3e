/** Opens connections to checked addresses only: resolves once, asks the guard about every address, connects to those and no other. */
import { lookup } from "node:dns"
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from "node:net"
import { connect as connectTls, rootCertificates } from "node:tls"
import type { FailureReason } from "@dueline/contracts/serviceCall/Spec"
import type { buildConnector } from "undici"
import type { EgressGuard } from "./EgressGuard.ts"

export interface ResolvedAddress {
  readonly address: string
  readonly family: number
}

/** Answers once, with all addresses of a name or with an error. */
export type Resolve = (
  hostname: string,
  answer: (error: Error | null, addresses: ReadonlyArray<ResolvedAddress>) => void
) => void

/** The operating system's resolver, so that `/etc/hosts` and search domains mean what they mean elsewhere. */
export const resolveBySystem: Resolve = (hostname, answer) => {
  lookup(hostname, { all: true, order: "verbatim" }, (error, addresses) => {
    answer(error, addresses ?? [])
  })
}

/** Why no connection came about. `detail` names no address, so that an answer to a stranger maps no inner network. */
export class ConnectRefused extends Error {
  readonly reason: Extract<FailureReason, "dns" | "connect" | "tls" | "egress_denied">
  /** Undici keeps a request waiting for errors with its own codes; this one fails it. */
  readonly code = "ERR_CONNECT_REFUSED"
  constructor(reason: ConnectRefused["reason"], detail: string) {
    super(detail)
    this.reason = reason
  }
}

export interface ConnectorOptions {
  readonly guard: EgressGuard
  readonly resolve: Resolve
  /** From asking the resolver to the end of the TLS handshake. */
  readonly connectTimeoutMs: number
  /** PEM certificates trusted beside the system's own, for development and tests. */
  readonly extraCa: string | null
}

const errorCode = (error: Error): string => ("code" in error && typeof error.code === "string" ? error.code : "")

const ofTls = /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO|EPROTO|HOSTNAME_MISMATCH/

/** Node asks for the addresses of the host it was given; it gets those that were checked and never asks again. */
const pinned =
  (addresses: ReadonlyArray<ResolvedAddress>): LookupFunction =>
  (_hostname, options, answer) => {
    if (options.all === true)
      return answer(
        null,
        addresses.map(({ address, family }) => ({ address, family }))
      )
    const [first] = addresses
    if (first === undefined) return answer(new Error("no address"), "", 4)
    answer(null, first.address, first.family)
  }

const open = (
  { hostname, port, protocol }: { readonly hostname: string; readonly port: number; readonly protocol: string },
  addresses: ReadonlyArray<ResolvedAddress>,
  extraCa: string | null
): Socket => {
  const target = {
    host: hostname,
    port,
    lookup: pinned(addresses),
    autoSelectFamily: true,
    noDelay: true,
    keepAlive: true
  }
  if (protocol !== "https:") return connectTcp(target)
  return connectTls({
    ...target,
    ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
    ...(extraCa === null ? {} : { ca: [...rootCertificates, extraCa] }),
    ALPNProtocols: ["http/1.1"]
  })
}

/** The connector that undici calls for every new connection of a pool. */
export const makePinnedConnector =
  (options: ConnectorOptions): buildConnector.connector =>
  (target, callback) => {
    const { hostname, protocol } = target
    const port = target.port === "" ? (protocol === "https:" ? 443 : 80) : Number(target.port)
    let socket: Socket | null = null
    let done = false
    const finish = (error: ConnectRefused | null): void => {
      if (done) return
      done = true
      clearTimeout(timer)
      if (error === null && socket !== null) return callback(null, socket)
      socket?.destroy()
      callback(error ?? new ConnectRefused("connect", "no connection"), null)
    }
    const timer = setTimeout(
      () => finish(new ConnectRefused("connect", "connecting took too long")),
      options.connectTimeoutMs
    )
    const connectTo = (addresses: ReadonlyArray<ResolvedAddress>): void => {
      if (done) return
      const denied = options.guard.checkAddresses(
        hostname,
        port,
        addresses.map(({ address }) => address)
      )
      if (denied !== null) return finish(new ConnectRefused("egress_denied", denied.detail))
      socket = open({ hostname, port, protocol }, addresses, options.extraCa)
      socket.once(protocol === "https:" ? "secureConnect" : "connect", () => finish(null))
      socket.on("error", (error) => {
        const code = errorCode(error)
        finish(
          new ConnectRefused(
            protocol === "https:" && ofTls.test(code) ? "tls" : "connect",
            code === "" ? "connection failed" : code
          )
        )
      })
      socket.once("close", () => finish(new ConnectRefused("connect", "closed while connecting")))
    }
    const family = isIP(hostname)
    if (family !== 0) return connectTo([{ address: hostname, family }])
    options.resolve(hostname, (error, addresses) => {
      if (error !== null) return finish(new ConnectRefused("dns", errorCode(error) || "the name could not be resolved"))
      if (addresses.length === 0) return finish(new ConnectRefused("dns", "the name has no address"))
      connectTo(addresses)
    })
  }
