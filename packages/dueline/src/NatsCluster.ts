/** The processes of an installation and the bus, over NATS. All that needs the client library comes in through here. */
import { keptIn } from "@dueline/contracts/deadLetter"
import { WorkerId } from "@dueline/contracts/Ids"
import { DeadLetters } from "@dueline/contracts/ports/DeadLetters"
import { Role } from "@dueline/contracts/Role"
import * as CommandServer from "@dueline/nats/commands/CommandServer"
import * as EventBusNats from "@dueline/nats/bus/EventBusNats"
import * as Members from "@dueline/nats/members/Members"
import * as Nats from "@dueline/nats/Nats"
import * as NatsTimer from "@dueline/nats/timer/NatsTimer"
import * as OutboxSignal from "@dueline/nats/bus/OutboxSignal"
import * as ForgetTenant from "@dueline/nats/forgetTenant"
import * as RemoteAlarms from "@dueline/nats/timer/RemoteAlarms"
import * as RemoteOrchestrator from "@dueline/nats/commands/RemoteOrchestrator"
import * as Topology from "@dueline/nats/Topology"
import * as RemoteNotices from "@dueline/nats/bus/RemoteNotices"
import * as WorkforceRemote from "@dueline/nats/workforce/WorkforceRemote"
import * as WorkforceServer from "@dueline/nats/workforce/WorkforceServer"
import { Effect, Layer, type Redacted } from "effect"
import { Cluster } from "./Cluster.ts"
import type { Settings } from "./Configuration.ts"
import type { Deployment } from "./Deployment.ts"
import { brokerHorizonMs } from "./Timing.ts"

/** Processes that wait for the alarms of one partition: the one that serves it, and two behind it. */
const waiting = 3

const ranksOf = (members: Members.Members["Service"]) => ({
  rankOf: (partition: number) => {
    const rank = members.ranking(partition).indexOf(members.id)
    return rank < 0 || rank >= waiting ? undefined : rank
  },
  onChange: (listener: () => void) => members.onChange(listener)
})

const processesIn = (members: Members.Members["Service"]) => {
  const roles = new Map<string, ReadonlyArray<Role>>()
  for (const role of Role.literals)
    for (const id of members.withRole(role)) roles.set(id, [...(roles.get(id) ?? []), role])
  return [...roles].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, its]) => ({ id, roles: its }))
}

/** Needs the members, under the same id. `writes`: the process has writers. */
const clusterLayer = (id: WorkerId, writes: boolean) =>
  Layer.effect(
    Cluster,
    Effect.gen(function* () {
      const members = yield* Members.Members
      const context = yield* Effect.context<Nats.Nats | Members.Members | Topology.Topology>()
      const signal = yield* OutboxSignal.make
      const dispatchers: Array<() => void> = []
      return Cluster.of({
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
        outbox: {
          filled: () => {
            for (const wake of dispatchers) wake()
            signal.give()
          },
          onFilled: (listener) => {
            dispatchers.push(listener)
            signal.onSignal(listener)
          }
        },
        processes: () => processesIn(members),
        notices: yield* RemoteNotices.make(writes),
        forgetTenant: yield* ForgetTenant.make,
        link: (yield* Nats.Nats).rtt,
        leave: members.leave
      })
    })
  )

export const layer = (settings: Settings, url: Redacted.Redacted, id: WorkerId, { roles }: Deployment) => {
  const bus = Layer.unwrap(Effect.map(DeadLetters, (letters) => EventBusNats.layer({ onDead: keptIn(letters) })))
  const nats = Nats.layer({ url, name: `dueline ${[...roles].join(",")} ${id}`, prefix: settings.DUELINE_NATS_PREFIX })
  return Layer.mergeAll(clusterLayer(id, roles.has("orchestrator")), bus).pipe(
    Layer.provide(Members.layer({ id, roles: [...roles] })),
    Layer.provide(Topology.layer({ replicas: settings.DUELINE_NATS_REPLICAS })),
    Layer.provide(nats)
  )
}
