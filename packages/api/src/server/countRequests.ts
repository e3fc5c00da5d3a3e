/** Counts what a server answers, before anybody else sees the request: how many, how long, with which status. */
import type { Metrics } from "@dueline/contracts/telemetry/Metrics"
import type { IncomingMessage, Server, ServerResponse } from "node:http"

const slotMs = 5_000
/** Slots of the last minute. */
const slots = 12

/** Which share of what happened in the last minute went wrong. Plain data structure; times in milliseconds that only go forward. */
export class RecentShare {
  readonly #all = new Float64Array(slots)
  readonly #wrong = new Float64Array(slots)
  #slot = 0

  add(wrong: boolean, now: number): void {
    this.#forward(now)
    const at = this.#slot % slots
    this.#all[at] = (this.#all[at] ?? 0) + 1
    if (wrong) this.#wrong[at] = (this.#wrong[at] ?? 0) + 1
  }

  /** 0 to 1; 0 when nothing happened. */
  share(now: number): number {
    this.#forward(now)
    const sum = (each: Float64Array) => each.reduce((total, n) => total + n, 0)
    return sum(this.#wrong) / Math.max(1, sum(this.#all))
  }

  #forward(now: number): void {
    const slot = Math.floor(now / slotMs)
    for (let next = Math.max(this.#slot + 1, slot - slots + 1); next <= slot; next += 1) {
      this.#all[next % slots] = 0
      this.#wrong[next % slots] = 0
    }
    this.#slot = Math.max(this.#slot, slot)
  }
}

/** Whether such an answer says that something was taken in. */
const isAccepted = (status: number, { method, url }: IncomingMessage): boolean =>
  method !== "GET" && (status === 201 || status === 202 || (status === 200 && url?.endsWith("/batch") === true))

/** `elapsed`: the time that only goes forward, in milliseconds. */
export const countRequests = (
  server: Server,
  { concurrentRequests, errorRate, ingestDuration, requestDuration, requests }: Metrics,
  elapsed: () => number
): Server => {
  const recent = new RecentShare()
  let underWay = 0
  concurrentRequests.read = () => underWay
  errorRate.read = () => recent.share(elapsed())
  const count = (request: IncomingMessage, response: ServerResponse): void => {
    const from = elapsed()
    underWay += 1
    response.once("close", () => {
      const now = elapsed()
      const status = response.writableFinished ? response.statusCode : 0
      underWay -= 1
      requests.of(knownMethods.has(request.method ?? "") ? (request.method ?? "") : "other", String(status)).add()
      requestDuration.observe((now - from) / 1_000)
      if (isAccepted(status, request)) ingestDuration.observe(now - from)
      recent.add(status >= 500, now)
    })
  }
  const emit = server.emit.bind(server)
  server.emit = (event: string, ...args: Array<unknown>): boolean => {
    if (event === "request") count(args[0] as IncomingMessage, args[1] as ServerResponse)
    return emit(event, ...args)
  }
  return server
}

/** Anybody may invent others. */
const knownMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
