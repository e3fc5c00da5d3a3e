/** Reads the address of NATS: where to connect, with which credentials, and what of it may be shown. */
import { Schema } from "effect"

export interface NatsServers {
  /** `host:port` each. */
  readonly servers: Array<string>
  readonly user?: string
  readonly pass?: string
  readonly token?: string
  /** Encrypted from the first byte that the server lets it be; the machine's own authorities are trusted. */
  readonly tls?: Record<string, never>
  /** Hosts and ports, for logs. */
  readonly shown: string
}

export class NatsUrlInvalid extends Schema.TaggedError<NatsUrlInvalid>()("NatsUrlInvalid", {
  reason: Schema.String
}) {}

const form = /^(?:(nats|tls):\/\/)?(?:([^@/]*)@)?(\[[0-9a-f:.]+\]|[^\s/:@[\]]+)(?::(\d{1,5}))?\/?$/iu

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const credentialsOf = (text: string): Pick<NatsServers, "user" | "pass" | "token"> => {
  const colon = text.indexOf(":")
  if (colon < 0) return { token: decoded(text) }
  return { user: decoded(text.slice(0, colon)), pass: decoded(text.slice(colon + 1)) }
}

/**
 * `nats://[user:password@|token@]host[:port]`, `tls://…`, or the bare host; several separated by commas, of which the first that
 * has credentials gives them for all. The port is 4222 when there is none.
 */
export const natsServers = (url: string): NatsServers | NatsUrlInvalid => {
  const servers: Array<string> = []
  let credentials: string | undefined
  let tls = false
  for (const one of url.split(",")) {
    const parts = form.exec(one.trim())
    if (parts === null) return new NatsUrlInvalid({ reason: "expected nats://host:port" })
    const [, scheme, login, host, port = "4222"] = parts
    if (Number(port) < 1 || Number(port) > 65_535) return new NatsUrlInvalid({ reason: `there is no port ${port}` })
    servers.push(`${host}:${port}`)
    credentials ??= login
    tls ||= scheme?.toLowerCase() === "tls"
  }
  return {
    servers,
    ...(credentials === undefined ? {} : credentialsOf(credentials)),
    ...(tls ? { tls: {} } : {}),
    shown: servers.join(", ")
  }
}
