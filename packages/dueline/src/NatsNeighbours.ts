/** The other processes of an installation, found and spoken to over NATS. */
import { Members } from "@dueline/nats/Members"
import * as CommandServer from "@dueline/nats/CommandServer"
import * as OutboxSignal from "@dueline/nats/OutboxSignal"
import * as RemoteAlarms from "@dueline/nats/RemoteAlarms"
import * as RemoteOrchestrator from "@dueline/nats/RemoteOrchestrator"
import * as WorkforceRemote from "@dueline/nats/WorkforceRemote"
import * as WorkforceServer from "@dueline/nats/WorkforceServer"
import { WorkerId } from "@dueline/contracts/Ids"
import { Nats } from "@dueline/nats/Nats"
import * as NatsTimer from "@dueline/nats/NatsTimer"
import type { Topology } from "@dueline/nats/Topology"
import { Effect, Layer } from "effect"
import { Neighbours } from "./Neighbours.ts"
import { brokerHorizonMs } from "./Timing.ts"

/** Processes that wait for the alarms of one partition: the one that serves it, and two behind it. */
const waiting = 3

const ranksOf = (members: Members["Service"]) => ({
  rankOf: (partition: number) => {
    const rank = members.ranking(partition).indexOf(members.id)
    return rank < 0 || rank >= waiting ? undefined : rank
  },
  onChange: (listener: () => void) => members.onChange(listener)
})

/** Needs the members, under the same id. */
export const layer = (id: WorkerId) =>
  Layer.effect(
    Neighbours,
    Effect.gen(function* () {
      const members = yield* Members
      const context = yield* Effect.context<Nats | Members | Topology>()
      const outbox = yield* OutboxSignal.make
      return Neighbours.of({
        id,
        count: (role) => Math.max(1, members.withRole(role).length),
        onDeparture: (listener) =>
          members.onChange(({ id, kind, roles }) => {
            if (kind !== "joined") listener({ id: WorkerId.make(id), roles, certain: kind === "gone" })
          }),
        orchestrator: (own) =>
          Effect.gen(function* () {
            if (own !== null) yield* CommandServer.serveCommands(own)
            return yield* RemoteOrchestrator.make({ local: own })
          }).pipe(Effect.provide(context)),
        timer: (own) =>
          Effect.gen(function* () {
            const inner = yield* RemoteAlarms.make({ local: own })
            return yield* NatsTimer.make({ inner, horizonMs: brokerHorizonMs, ranks: ranksOf(members) })
          }).pipe(Effect.provide(context)),
        executors: Effect.provide(WorkforceRemote.make, context),
        employ: (executor, onRefused) =>
          Effect.provide(WorkforceServer.serveWork({ worker: id, executor, onRefused }), context),
        outbox,
        link: (yield* Nats).rtt,
        leave: members.leave
      })
    })
  )
