/** The PayloadSources port: payloads are fetched from hosts that the settings name, over https, and never from inside. */
import type { Redaction } from "@dueline/contracts/redaction"
import { KnownRedactions } from "@dueline/contracts/ports/TenantRules"
import { PayloadSources } from "@dueline/contracts/ports/Admission"
import { parseTarget } from "@dueline/contracts/serviceCall/target"
import type { EgressGuard } from "@dueline/execution/egress/EgressGuard"
import { summariseRequest } from "@dueline/execution/redaction/summarise"
import { Effect, Layer, Result } from "effect"
import { entriesOf } from "./listSettings.ts"

interface PayloadHost {
  readonly protocol: "https:" | "http:"
  /** In the form that URLs have. */
  readonly host: string
  /** Any host below it, and not itself. */
  readonly below: boolean
  /** Null: any. */
  readonly port: string | null
}

const entry = /^(?:(https?):\/\/)?(\*\.)?([a-z0-9.-]+|\[[0-9a-f:]+\])(?::(\d{1,5}))?$/iu

const defaultPort = { "https:": "443", "http:": "80" } as const

/** Throws an error that names what is wrong. */
export const readPayloadHosts = (text: string): ReadonlyArray<PayloadHost> =>
  entriesOf(text).map((written) => {
    const [, scheme = "https", below, name = "", port] = entry.exec(written) ?? []
    const url = URL.parse(`https://${name}`)
    if (name === "" || url === null || url.hostname === "" || Number(port ?? 0) > 65_535)
      throw new Error(`"${written}": write host, host:port or *.host; for development http://host:port`)
    const protocol = scheme.toLowerCase() === "http" ? "http:" : "https:"
    return { protocol, host: url.hostname, below: below !== undefined, port: port ?? null }
  })

const fits =
  (url: URL) =>
  ({ below, host, port, protocol }: PayloadHost): boolean =>
    url.protocol === protocol &&
    (below ? url.hostname.endsWith(`.${host}`) : url.hostname === host) &&
    (port === null || port === (url.port === "" ? defaultPort[protocol] : url.port))

const refuse = (code: string, message: string) => Result.fail({ code, message })

const inside =
  "Addresses inside (loopback, private, link-local, metadata) are not called. For development, name the host in DUELINE_EGRESS_ALLOW too."

/** What stands in a query is as likely as not a signature. */
const shownOf = (url: URL, redaction: Redaction): string => {
  const plain = `${url.origin}${url.pathname}`
  const { summary } = summariseRequest("GET", { url: plain, headers: {}, body: null }, redaction, true)
  return url.search === "" ? summary.url : `${summary.url}?[redacted]`
}

export const layer = (guard: EgressGuard, hosts: ReadonlyArray<PayloadHost>) =>
  Layer.effect(
    PayloadSources,
    Effect.map(KnownRedactions, (redactions) =>
      PayloadSources.of({
        check: (uri, tenantId) => {
          const target = parseTarget(uri)
          if (Result.isFailure(target)) {
            const { code, detail } = target.failure
            return code === "credentials_in_url"
              ? refuse(
                  code,
                  "Take user name and password out of the address: a payload is asked for without credentials."
                )
              : refuse(code, detail)
          }
          const url = target.success
          if (hosts.length === 0)
            return refuse(
              "payload_host_refused",
              "This installation fetches no payloads: send it in `payload`, or have a host named in DUELINE_PAYLOAD_HOSTS."
            )
          if (!hosts.some(fits(url))) {
            const message = hosts.some(fits(new URL(url.href.replace(/^http:/u, "https:"))))
              ? "Send an https address."
              : "Put the payload on a host that the installation allows (DUELINE_PAYLOAD_HOSTS), or send it in `payload`."
            return refuse("payload_host_refused", message)
          }
          const denied = guard.checkUrl(url)
          if (denied !== null) return refuse("egress_denied", denied.code === "address_denied" ? inside : denied.detail)
          return Result.succeed({ href: url.href, shown: shownOf(url, redactions.of(tenantId)) })
        }
      })
    )
  )
