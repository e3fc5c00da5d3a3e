/** Opens connections to checked addresses only: asks for a name once, the guard about every address, connects to those and no other. */
import type { OutgoingResult } from "@dueline/contracts/ports/HttpClient"
import type { FailureReason } from "@dueline/contracts/serviceCall/Spec"
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from "node:net"
import { connect as connectTls, rootCertificates } from "node:tls"
import type { EgressGuard } from "./EgressGuard.ts"
import type { Deadline, RunningTime } from "./RunningTime.ts"

/** `detail` names no address, so that an answer to a stranger maps no inner network. */
export class ConnectRefused extends Error {
  readonly reason: Extract<FailureReason, "dns" | "connect" | "tls" | "egress_denied">
  /** Undici keeps a request waiting for errors with its own codes; this one fails it. */
  readonly code = "ERR_CONNECT_REFUSED"
  constructor(reason: ConnectRefused["reason"], detail: string) {
    super(detail)
    this.reason = reason
  }
}

type NotSentReason = Extract<OutgoingResult, { readonly _tag: "NotSent" }>["reason"]

export class NotSentRefusal extends Error {
  readonly reason: NotSentReason
  readonly code = "ERR_NOT_SENT"
  constructor(reason: NotSentReason, detail: string) {
    super(detail)
    this.reason = reason
  }
}

export interface ResolvedAddress {
  readonly address: string
  readonly family: number
}

/**
 * Answers once, with all addresses of a name or with an error: a `NotSentRefusal` when there was no answer, anything else when the name
 * has no address. Look-ups are shared out among groups. What it returns takes the question back.
 */
export type Resolve = (
  hostname: string,
  answer: (error: Error | null, addresses: ReadonlyArray<ResolvedAddress>) => void,
  group: string
) => (() => void) | void

export interface OpeningOptions {
  readonly guard: EgressGuard
  readonly resolve: Resolve
  readonly time: RunningTime
  /** For the answer to a name, in milliseconds of running time. */
  readonly nameTimeoutMs: number
  /** For TCP and TLS together, in milliseconds of running time. */
  readonly connectTimeoutMs: number
  /** PEM certificates trusted beside the system's own, for development and tests. */
  readonly extraCa: string | null
}

interface Destination {
  readonly hostname: string
  /** `""`: the one of the protocol. */
  readonly port: string
  readonly protocol: string
}

type Opened = (error: ConnectRefused | NotSentRefusal | null, socket: Socket | null) => void

const codeOf = (error: Error): string => ("code" in error && typeof error.code === "string" ? error.code : "")

const ofTls = /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO|EPROTO|HOSTNAME_MISMATCH/

/** This process or machine is out of something: nothing that the target did. */
const ours: ReadonlySet<string> = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"])

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

class Opening {
  #socket: Socket | null = null
  #takeBack: (() => void) | void = undefined
  #deadline: Deadline | null = null
  #done = false
  readonly #hostname: string
  readonly #port: number
  readonly #tls: boolean
  readonly #options: OpeningOptions
  readonly #opened: Opened

  constructor({ hostname, port, protocol }: Destination, options: OpeningOptions, opened: Opened) {
    this.#tls = protocol === "https:"
    this.#hostname = hostname
    this.#port = port === "" ? (this.#tls ? 443 : 80) : Number(port)
    this.#options = options
    this.#opened = opened
  }

  start(group: string): void {
    const family = isIP(this.#hostname)
    if (family !== 0) return this.#connect([{ address: this.#hostname, family }])
    const { nameTimeoutMs, resolve, time } = this.#options
    this.#deadline = time.after(nameTimeoutMs, () =>
      this.#fail(new NotSentRefusal("name_unanswered", `no answer about the name within ${nameTimeoutMs} ms`))
    )
    const answered = (error: Error | null, addresses: ReadonlyArray<ResolvedAddress>): void => {
      if (this.#done) return
      this.#deadline?.cancel()
      this.#takeBack = undefined
      if (error instanceof NotSentRefusal) return this.#fail(error)
      if (error !== null) return this.#fail(new ConnectRefused("dns", `the name does not exist (${codeOf(error)})`))
      if (addresses.length === 0) return this.#fail(new ConnectRefused("dns", "the name has no address"))
      this.#connect(addresses)
    }
    const takeBack = resolve(this.#hostname, answered, group)
    if (this.#deadline !== null && !this.#done && this.#socket === null) this.#takeBack = takeBack
  }

  cancel(): void {
    if (this.#done) return
    this.#done = true
    this.#deadline?.cancel()
    this.#takeBack?.()
    this.#socket?.destroy()
  }

  #connect(addresses: ReadonlyArray<ResolvedAddress>): void {
    const { connectTimeoutMs, guard, time } = this.#options
    const denied = guard.checkAddresses(
      this.#hostname,
      this.#port,
      addresses.map(({ address }) => address)
    )
    if (denied !== null) return this.#fail(new ConnectRefused("egress_denied", denied.detail))
    this.#deadline = time.after(connectTimeoutMs, () =>
      this.#fail(new ConnectRefused("connect", `no connection within ${connectTimeoutMs} ms`))
    )
    const socket = this.#open(addresses)
    this.#socket = socket
    socket.once(this.#tls ? "secureConnect" : "connect", () => {
      if (this.#done) return
      this.#done = true
      this.#deadline?.cancel()
      this.#opened(null, socket)
    })
    // Stays for as long as the socket lives: an error without a listener would end the process.
    socket.on("error", (error) => this.#fail(this.#refusal(codeOf(error))))
    socket.once("close", () => this.#fail(new ConnectRefused("connect", "the target closed the connection at once")))
  }

  #refusal(code: string): ConnectRefused | NotSentRefusal {
    if (ours.has(code)) return new NotSentRefusal("no_capacity", `no connection could be opened here (${code})`)
    if (this.#tls && ofTls.test(code)) return new ConnectRefused("tls", `the TLS handshake failed (${code})`)
    return new ConnectRefused("connect", code === "" ? "no connection" : `no connection (${code})`)
  }

  #open(addresses: ReadonlyArray<ResolvedAddress>): Socket {
    const target = {
      host: this.#hostname,
      port: this.#port,
      lookup: pinned(addresses),
      autoSelectFamily: true,
      noDelay: true,
      keepAlive: true
    }
    if (!this.#tls) return connectTcp(target)
    const { extraCa } = this.#options
    return connectTls({
      ...target,
      ...(isIP(this.#hostname) === 0 ? { servername: this.#hostname } : {}),
      ...(extraCa === null ? {} : { ca: [...rootCertificates, extraCa] }),
      ALPNProtocols: ["http/1.1"]
    })
  }

  #fail(error: ConnectRefused | NotSentRefusal): void {
    if (this.#done) return
    this.cancel()
    this.#opened(error, null)
  }
}

/** Calls `opened` once and never synchronously with a socket, unless the opening is cancelled first; by then nothing of it is left open. */
export const openSocket = (
  destination: Destination,
  group: string,
  options: OpeningOptions,
  opened: Opened
): { readonly cancel: () => void } => {
  const opening = new Opening(destination, options, opened)
  opening.start(group)
  return opening
}
