/** Sends events as a courier does: each request signed anew, and again after growing pauses until it is answered for good. */
import { schemePresets } from "@dueline/contracts/courierSource/SignatureScheme"
import type { EventFacts } from "@dueline/contracts/ingestion/Ingestion"
import { signRequest } from "@dueline/secrets/requestSignature"
import { setTimeout as pause } from "node:timers/promises"
import { Pool } from "undici"
import { now } from "../Target.ts"
import type { Phase, Sent } from "./Evidence.ts"
import type { Planned } from "./plan.ts"

const scheme = schemePresets["standard-webhooks"]
/** Until a request is given up, however often it was sent. */
const giveUpMs = 60_000
const firstPauseMs = 100
const longestPauseMs = 2_000
/** How long one answer is waited for. */
const patienceMs = 10_000
/** Worth another try: too many, or not now. */
const passing: ReadonlySet<number> = new Set([0, 429, 502, 503, 504])

export interface Source {
  readonly id: string
  readonly secret: string
}

export class CourierClient {
  readonly #source: Source
  readonly #connections: number
  #pool: Pool
  #sent = 0

  constructor(address: string, source: Source, connections: number) {
    this.#source = source
    this.#connections = connections
    this.#pool = new Pool(address, { connections, pipelining: 1 })
  }

  /** Requests so far, each try counted. */
  get sent(): number {
    return this.#sent
  }

  /** The program is somewhere else now. */
  moveTo(address: string): void {
    void this.#pool.destroy()
    this.#pool = new Pool(address, { connections: this.#connections, pipelining: 1 })
  }

  close(): Promise<void> {
    return this.#pool.close()
  }

  /** Runs a plan, at most as many requests at a time as there are connections; each is measured from its planned time. */
  async run(phase: Phase, planned: ReadonlyArray<Planned>): Promise<ReadonlyArray<Sent>> {
    const began = now()
    const sent: Array<Sent> = []
    let next = 0
    const client = async () => {
      for (let each = planned[next++]; each !== undefined; each = planned[next++]) {
        const plannedAt = began + each.afterMs
        const early = plannedAt - now()
        if (early > 0) await pause(early)
        sent.push(await this.#deliver(phase, each, plannedAt))
      }
    }
    await Promise.all(Array.from({ length: this.#connections }, client))
    return sent
  }

  /** As fast as answers come, for so long. */
  async flood(phase: Phase, forMs: number, next: () => EventFacts): Promise<ReadonlyArray<Sent>> {
    const until = now() + forMs
    const sent: Array<Sent> = []
    const client = async () => {
      while (now() < until) sent.push(await this.#deliver(phase, { afterMs: 0, event: next(), repeat: false }, now()))
    }
    await Promise.all(Array.from({ length: this.#connections }, client))
    return sent
  }

  async #deliver(phase: Phase, { event, repeat }: Planned, plannedAt: number): Promise<Sent> {
    const body = JSON.stringify({
      id: event.eventId,
      type: event.type,
      trackingReference: event.trackingReference,
      occurredAt: new Date(event.occurredAt).toISOString(),
      ...(event.orderId === null ? {} : { orderId: event.orderId }),
      details: { note: "left at the gate", weightKg: 12.5 }
    })
    for (let [tries, pauseMs] = [1, firstPauseMs]; ; tries += 1, pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
      const { ingestionId, status } = await this.#post(body)
      if (!passing.has(status) || now() - plannedAt > giveUpMs)
        return { phase, event, repeat, plannedAt, answeredAt: now(), tries, status, ingestionId }
      await pause(pauseMs)
    }
  }

  async #post(body: string): Promise<{ readonly status: number; readonly ingestionId: string | null }> {
    const delivery = `m-${this.#sent++}`
    const signed = signRequest(scheme, this.#source.secret, {
      at: Date.now(),
      body: Buffer.from(body),
      headers: { "webhook-id": delivery }
    })
    try {
      const answer = await this.#pool.request({
        path: `/v1/events/courier/${this.#source.id}`,
        method: "POST",
        headers: { ...signed, "content-type": "application/json" },
        body,
        headersTimeout: patienceMs,
        bodyTimeout: patienceMs
      })
      const { id } = (await answer.body.json()) as { readonly id?: string }
      return { status: answer.statusCode, ingestionId: id ?? null }
    } catch {
      // No connection, or one that was cut: whether it was taken in is not known.
      return { status: 0, ingestionId: null }
    }
  }
}
