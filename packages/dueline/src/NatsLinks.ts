/** A process among others over NATS: its neighbours and the bus. Everything that needs the client library comes in through here. */
import { keptIn } from "@dueline/contracts/deadLetter"
import type { WorkerId } from "@dueline/contracts/Ids"
import { DeadLetters } from "@dueline/contracts/ports/DeadLetters"
import * as EventBusNats from "@dueline/nats/EventBusNats"
import * as Members from "@dueline/nats/Members"
import * as Nats from "@dueline/nats/Nats"
import * as Topology from "@dueline/nats/Topology"
import { Effect, Layer, type Redacted } from "effect"
import type { Settings } from "./Configuration.ts"
import type { Deployment } from "./Deployment.ts"
import * as NatsNeighbours from "./NatsNeighbours.ts"

export const layer = (settings: Settings, url: Redacted.Redacted, id: WorkerId, { roles }: Deployment) => {
  const bus = Layer.unwrap(Effect.map(DeadLetters, (letters) => EventBusNats.layer({ onDead: keptIn(letters) })))
  const nats = Nats.layer({ url, name: `dueline ${[...roles].join(",")} ${id}`, prefix: settings.DUELINE_NATS_PREFIX })
  return Layer.mergeAll(NatsNeighbours.layer(id), bus).pipe(
    Layer.provide(Members.layer({ id, roles: [...roles] })),
    Layer.provide(Topology.layer({ replicas: settings.DUELINE_NATS_REPLICAS })),
    Layer.provide(nats)
  )
}
