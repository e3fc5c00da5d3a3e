/** Someone whose payloads reach the writer as the edge would ask: under a key, again until it is answered, and some again after that. */
import { EpochMillis } from "@dueline/contracts/Ids"
import { IngestionId } from "@dueline/contracts/ingestion/Ingestion"
import type { DropbinParts } from "@dueline/orchestration/dropbin/carryOut"
import { type Around, Person } from "../clients/Requests.ts"
import type { DropbinCheck } from "./DropbinCheck.ts"
import { drawPayload } from "./Payload.ts"
import type { PayloadHost } from "./PayloadHost.ts"

const repeatShare = 0.2

interface DropbinAround extends Around {
  readonly check: DropbinCheck
  readonly host: PayloadHost
  /** How digests are made. */
  readonly parts: DropbinParts
}

export class DropbinClient extends Person<DropbinAround> {
  /** Half as many payloads as others do things: each is work for the rest of the world's time. */
  start(actions: number, withinMs: number): void {
    for (let i = 0; i < actions / 2; i++) {
      this.around.world.time.after(this.dice.between(1_000, withinMs), () => this.#act())
    }
  }

  #act(): void {
    const keyed = this.requests.keyed.at(this.dice.between(0, Math.max(0, this.requests.keyed.length - 1)))
    if (keyed !== undefined && this.dice.chance(repeatShare)) this.requests.send(keyed)
    else this.#drop()
  }

  #drop(): void {
    const { check, host, parts, world } = this.around
    const key = this.requests.newKey(1)
    const ingestionId = IngestionId.make(world.dice.fork(`${this.name}/${key}`).uuid())
    const payload = drawPayload(world, this.dice, this.tenantId, ingestionId)
    const { asked, bytes, kind, uri } = payload
    const inline = kind === "inline"
    check.sent(payload)
    if (!inline) host.keep(payload)
    const fingerprint = `drop ${key}`
    this.requests.make(
      {
        _tag: "ReceiveDropbin",
        ingestionId,
        at: EpochMillis.make(world.time.now),
        reference: inline ? null : { uri, digest: parts.digestOf(bytes) },
        bodyBytes: 100,
        fingerprint,
        origin: { correlationId: this.requests.correlation(), traceparent: null },
        sealed: JSON.stringify(inline ? { order: asked } : { uri })
      },
      key,
      fingerprint
    )
  }
}
