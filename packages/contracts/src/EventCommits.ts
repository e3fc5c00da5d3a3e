/**
 * A courier's event that is carried out in the very commit that takes it in: the way from the writers, which start first, to whoever knows what is to
 * be done. Only where both kinds have their writers in one process, and nobody outside of it takes messages from the bus.
 */
import { Context, Layer } from "effect"
import { type AnsweredLater, answeredLater } from "./answeredLater.ts"
import type { Envelope } from "./Envelope.ts"
import type { IngestionCommand } from "./ingestion/Ingestion.ts"
import type { ShipmentCommand, ShipmentFacts } from "./shipment/Shipment.ts"

export interface EventInOne {
  readonly recording: Envelope<ShipmentCommand>
  /** Whether that was all there is to do. */
  readonly isAll: (shipment: ShipmentFacts) => boolean
  /** Ends the ingestion, in the same commit. */
  readonly completion: Envelope<IngestionCommand>
}

/** Null for what takes in no courier's event, and for an event that takes more than its shipment. */
export type AskEventInOne = (command: Envelope<IngestionCommand>) => EventInOne | null

/** Asked once for each ingestion that is about to begin; nothing is carried out so as long as nobody answers. */
export class EventCommits extends Context.Service<
  EventCommits,
  AnsweredLater<Envelope<IngestionCommand>, EventInOne>
>()("@dueline/contracts/EventCommits") {
  static readonly layer = Layer.sync(EventCommits, () => answeredLater<Envelope<IngestionCommand>, EventInOne>())
}
