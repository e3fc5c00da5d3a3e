/** The API as a client reaches it: any process that serves it, asked again with the same key until one of them answers. */
import { setTimeout as wait } from "node:timers/promises"
import { Agent, type Dispatcher } from "undici"
import type { Answer } from "./History.ts"

export interface Request {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE"
  readonly path: string
  readonly token: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Heard {
  readonly status: number
  readonly etag: string | null
  /** Parsed; null when there is none. */
  readonly body: Readonly<Record<string, unknown>> | null
}

export interface Insisted {
  readonly heard: Heard | null
  readonly tries: number
}

/** How long a client waits for one answer, in milliseconds; then it asks somebody else, and the first may still be at it. */
const patienceMs = 5_000
/** Between two tries. */
const pauseMs = 150

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

const parse = (text: string): Heard["body"] => {
  const value: unknown = text === "" ? null : JSON.parse(text)
  return isObject(value) ? value : null
}

export const answerOf = ({ body, status }: Heard): Answer => {
  const { code, error, dueAt, id, status: callStatus, version } = body ?? {}
  const problem = isObject(error) ? error["code"] : code
  return {
    status,
    code: typeof problem === "string" ? problem : null,
    callId: typeof id === "string" ? id : null,
    version: typeof version === "number" ? version : null,
    // A problem has a numeric `status` of its own.
    callStatus: typeof callStatus === "string" ? (callStatus as Answer["callStatus"]) : null,
    dueAt: typeof dueAt === "string" ? Date.parse(dueAt) : null
  }
}

export class Api {
  readonly #addresses: () => ReadonlyArray<string>
  readonly #agent = new Agent({ connections: 64, pipelining: 1, connectTimeout: patienceMs })
  #turn = 0

  constructor(addresses: () => ReadonlyArray<string>) {
    this.#addresses = addresses
  }

  /** One try; null when nobody answered. Whether it was done is then not known. */
  async ask({ body, headers, method, path, token }: Request): Promise<Heard | null> {
    const addresses = this.#addresses()
    const origin = addresses[this.#turn++ % Math.max(1, addresses.length)]
    if (origin === undefined) return null
    const options: Dispatcher.RequestOptions = {
      origin,
      path,
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers
      },
      signal: AbortSignal.timeout(patienceMs)
    }
    try {
      const response = await this.#agent.request(body === undefined ? options : { ...options, body })
      const text = await response.body.text()
      return { status: response.statusCode, etag: String(response.headers["etag"] ?? "") || null, body: parse(text) }
    } catch {
      // Refused, reset, cut off or too late: asked again.
      return null
    }
  }

  /** Until somebody answers something else than 503, or `giveUp` says that it is enough. */
  async insist(request: Request, giveUp: () => boolean): Promise<Insisted> {
    for (let tries = 1; ; tries++) {
      const heard = await this.ask(request)
      if (heard !== null && heard.status !== 503) return { heard, tries }
      if (giveUp()) return { heard: null, tries }
      await wait(pauseMs)
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy()
  }
}
