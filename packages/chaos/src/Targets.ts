/**
 * The services that calls are made to, in this process: they remember every request and answer as its URL asks, which a submission
 * has chosen. `/tenant/key?failures=2&slow=1500&end=404&cut=1`: the first two attempts are answered 500, or cut off without an answer
 * under `cut`; of messages of subscriptions under `rarely=12` the first attempt of one in twelve; each answer takes 1.5 s; the last word is 404 instead of 200. The answer echoes the epoch that it belongs to.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { setTimeout as wait } from "node:timers/promises"
import type { Arrival } from "./History.ts"

export interface Targets {
  /** Of each service, without a slash at the end. */
  readonly urls: readonly [string, ...ReadonlyArray<string>]
  readonly arrivals: ReadonlyArray<Arrival>
  /** Called with every request, as soon as it is read. */
  readonly listen: (listener: (arrival: Arrival, url: string) => void) => void
  readonly close: () => Promise<void>
}

type Written = { -readonly [Field in keyof Arrival]: Arrival[Field] }

const signatures = ["webhook-signature", "dueline-signature"]

const arrivalOf = ({ headers }: IncomingMessage, { pathname }: URL): Written => {
  const [, tenant = "", key = ""] = pathname.split("/")
  return {
    at: Date.now(),
    tenant,
    key,
    callId: String(headers["dueline-call-id"] ?? ""),
    epoch: Number(headers["dueline-epoch"]),
    attempt: Number(headers["dueline-attempt"]),
    signed: signatures.filter((name) => headers[name] !== undefined),
    answered: null,
    endedAt: null,
    hook: null
  }
}

/** What signs a message of a subscription. */
const hookOf = ({ headers }: IncomingMessage, body: string): Arrival["hook"] => ({
  id: String(headers["webhook-id"]),
  timestamp: String(headers["webhook-timestamp"]),
  signature: String(headers["webhook-signature"]),
  body
})

const failsRarely = ({ attempt, hook }: Arrival, wish: URLSearchParams): boolean =>
  wish.has("rarely") &&
  attempt === 1 &&
  Number.parseInt(hook?.id.slice(-4) ?? "", 16) % Number(wish.get("rarely")) === 0

const answer = async (arrival: Written, wish: URLSearchParams, response: ServerResponse): Promise<void> => {
  response.once("close", () => (arrival.endedAt ??= Date.now()))
  const fails = arrival.attempt <= Number(wish.get("failures") ?? 0) || failsRarely(arrival, wish)
  const slowMs = Number(wish.get("slow") ?? 0)
  if (slowMs > 0) await wait(slowMs)
  if (response.destroyed) return
  if (fails && wish.has("cut")) {
    response.destroy()
    return
  }
  const status = fails ? 500 : Number(wish.get("end") ?? 200)
  response.once("finish", () => (arrival.answered = status))
  response.writeHead(status, { "content-type": "application/json" }).end(`{"seen":${arrival.epoch}}`)
}

const listening = (handle: (request: IncomingMessage, response: ServerResponse) => void) =>
  new Promise<{ readonly url: string; readonly close: () => Promise<void> }>((resolve) => {
    const server = createServer({ keepAliveTimeout: 60_000 }, handle)
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      const close = () =>
        new Promise<void>((done) => {
          server.close(() => done())
          server.closeAllConnections()
        })
      resolve({ url: `http://127.0.0.1:${port}`, close })
    })
  })

/** Two of them, so that what happens to one is not what happens to all. */
export const startTargets = async (): Promise<Targets> => {
  const arrivals: Array<Arrival> = []
  const listeners: Array<(arrival: Arrival, url: string) => void> = []
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    let body = ""
    request.setEncoding("utf8").on("data", (text: string) => (body += text))
    request.once("end", () => {
      const url = new URL(request.url ?? "/", `http://${request.headers.host}`)
      const arrival = arrivalOf(request, url)
      if (url.searchParams.has("rarely")) arrival.hook = hookOf(request, body)
      arrivals.push(arrival)
      for (const listener of listeners) listener(arrival, url.href)
      void answer(arrival, url.searchParams, response)
    })
  }
  const [first, second] = await Promise.all([listening(handle), listening(handle)])
  return {
    urls: [first.url, second.url],
    arrivals,
    listen: (listener) => void listeners.push(listener),
    close: async () => void (await Promise.all([first.close(), second.close()]))
  }
}
