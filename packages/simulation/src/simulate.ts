/** One world from its seed to its end: clients act while everything goes wrong, then all is quiet and everything has to come to rest. */
import { TenantId } from "@dueline/contracts/Ids"
import * as VaultsAes from "@dueline/secrets/VaultsAes"
import { sealContext } from "@dueline/contracts/ports/Vaults"
import * as LeasesMemory from "@dueline/port-contracts/memory/LeasesMemory"
import { Effect, Redacted } from "effect"
import { AnswerCheck } from "./checks/AnswerCheck.ts"
import { BusCheck } from "./checks/BusCheck.ts"
import { Client } from "./clients/Client.ts"
import { OpsClient } from "./clients/OpsClient.ts"
import { ScheduleClient } from "./schedules/ScheduleClient.ts"
import { SubscriptionClient } from "./subscriptions/SubscriptionClient.ts"
import { JobClient } from "./jobs/JobClient.ts"
import { PendingClient } from "./pending/PendingClient.ts"
import { PauseClient } from "./waiting/PauseClient.ts"
import { CourierClient } from "./clients/CourierClient.ts"
import { DropbinClient } from "./dropbin/DropbinClient.ts"
import { partsIn } from "./dropbin/Payload.ts"
import { PayloadHost } from "./dropbin/PayloadHost.ts"
import * as ProductEventsMemory from "@dueline/port-contracts/memory/ProductEventsMemory"
import { ReportCheck } from "./reported/ReportCheck.ts"
import { ReportClient } from "./reported/ReportClient.ts"
import { Cluster } from "./world/Cluster.ts"
import { makeDisk } from "./world/Disk.ts"
import type { Around, Front } from "./clients/Requests.ts"
import { LogCheck } from "./checks/LogCheck.ts"
import { type Mutation, sound } from "./mutations/Mutation.ts"
import { Others } from "./clients/Others.ts"
import { Standstills } from "./checks/Reach.ts"
import { Witness } from "./checks/Witness.ts"
import { type Violation, World, type WorldOptions } from "./world/World.ts"

export interface Report {
  readonly seed: number
  readonly violation: Violation | null
  /** Of the whole trace; two runs of a seed have the same. */
  readonly hash: string
  readonly trace: ReadonlyArray<string>
  readonly steps: number
  readonly calls: number
  readonly requests: number
  /** Points passed at which a process could have died. */
  readonly crossings: number
  readonly virtualMs: number
}

interface SimulateOptions extends WorldOptions {
  readonly mutation?: Mutation
  /** Happenings at the most; a world that needs more is stopped where it is. */
  readonly stepLimit?: number
}

/** How long after the last fault everything must have ended, in virtual milliseconds. */
const patienceMs = 300_000

const makeVault = (world: World) => {
  const dice = world.dice.fork("vault")
  const key = { id: "simulation", key: Redacted.make(new Uint8Array(32).fill(7)) }
  return VaultsAes.makeRequestVault(
    { sealing: key },
    { nonce: () => Uint8Array.from({ length: 12 }, () => dice.between(0, 255)) }
  )
}

/** Times at which something goes away, for those it is drawn for, and comes back. Answers for whom it is away now. */
const scheduleOutages = (world: World, what: string, times: number, whose: readonly [string, ...Array<string>]) => {
  const away = new Map<string, number>()
  const shift = (whom: string, by: number) => {
    away.set(whom, (away.get(whom) ?? 0) + by)
    world.note(what, `${by > 0 ? "goes away" : "comes back"} for ${whom}`)
  }
  for (let i = 0; i < times; i++) {
    const whom = world.dice.pick(whose)
    world.time.after(world.dice.between(0, world.setup.activeMs), () => {
      shift(whom, 1)
      world.time.after(world.dice.between(100, 12_000), () => shift(whom, -1))
    })
  }
  const isAway = (whom: string) => (away.get(whom) ?? 0) > 0
  return (machine: string) =>
    !world.quiet && (isAway("all") || isAway(Number(machine.split("-")[1]) % 2 === 0 ? "even" : "odd"))
}

/** A new world and everything in it. */
const populate = (options: SimulateOptions) => {
  const { mutation = sound } = options
  const world = new World(options)
  const host = new PayloadHost(world)
  const parts = (mutation.dropbin ?? ((sound) => sound))(partsIn(world))
  const disk = makeDisk(() => log, mutation.store ?? (({ persistence }) => persistence), mutation.unkept ?? [])
  const log: LogCheck = new LogCheck(world, disk.store, host)
  const witness = new Witness(world, log)
  const bus = new BusCheck(world, log)
  const vault = makeVault(world)
  const { outages, targetOutages } = world.faults
  const storeIsAway = scheduleOutages(world, "store", outages, ["all", "even", "odd"])
  const targetsAreAway = scheduleOutages(world, "the target", targetOutages, ["all"])
  const standstills = new Standstills(world)
  const payloads = { host, parts, leases: LeasesMemory.make() }
  const kept = ProductEventsMemory.make(mutation.knownEventIds?.())
  const reports = { kept, check: new ReportCheck(world, kept) }
  const outside = { payloads, reports, bus, vault, storeIsAway, standstills, targetsAreAway, others: new Others(world) }
  const cluster = new Cluster({ world, disk, mutation, witness, inHand: log.inHand, ...outside })
  const answers = new AnswerCheck(world, disk.store, log, witness)
  const front: Front = {
    ask: (asked, reply) => {
      log.pending.asks(asked.commandId, asked.command)
      cluster.ask(asked, reply)
    },
    read: (tenantId, callId, reply) =>
      reply(Effect.runSync(Effect.orDie(disk.store.callQueries.find(tenantId, callId)))?.version ?? null),
    seal: (tenantId, callId, url, onEnd) =>
      vault.seal(
        { url, headers: {}, body: "hello", ...(onEnd === undefined ? {} : { onEnd }) },
        sealContext(tenantId, callId)
      )
  }
  const { activeMs, actionsPerClient, clients, couriers, droppers, opsClients } = world.setup
  const { operators, pausers, products, reporters, schedulers, subscribers } = world.setup
  const around: Around = { world, front, answers }
  const tenants = [TenantId.make(world.dice.uuid()), TenantId.make(world.dice.uuid())] as const
  const of = (i: number) => tenants[i % 2] ?? tenants[0]
  const callers = Array.from({ length: clients }, (_, i) => {
    return new Client(around, of(i), `client-${i + 1}`)
  })
  // What payloads ask for somebody has to keep.
  // Most of them keep the same tenant's, so that they are in each other's way.
  const keepers = Array.from({ length: Math.max(opsClients, Math.min(droppers, 1)) }, (_, i) => {
    return new OpsClient(around, tenants[i < 2 ? 0 : 1], `keeper-${i + 1}`)
  })
  const senders = Array.from({ length: couriers }, (_, i) => {
    return new CourierClient({ ...around, check: log.couriers }, of(i), `courier-${i + 1}`)
  })
  const dropbins = Array.from({ length: droppers }, (_, i) => {
    return new DropbinClient({ ...around, check: log.payloads, host, parts }, tenants[0], `dropper-${i + 1}`)
  })
  const planners = Array.from({ length: schedulers }, (_, i) => {
    return new ScheduleClient({ ...around, vault }, of(i), `planner-${i + 1}`)
  })
  const stoppers = Array.from({ length: pausers }, (_, i) => {
    return new PauseClient({ ...around, holding: log.waiting.holding }, of(i), `pauser-${i + 1}`)
  })
  const listeners = Array.from({ length: subscribers }, (_, i) => {
    return new SubscriptionClient({ ...around, resting: log.subscriptions.resting }, of(i), `listener-${i + 1}`)
  })
  const leads = Array.from({ length: operators }, (_, i) => {
    return new JobClient({ ...around, paused: (tenantId) => log.jobs.paused(tenantId) }, of(i), `operator-${i + 1}`)
  })
  // All for one tenant, so that they meet at the same keys.
  const pending = Array.from({ length: reporters }, (_, i) => {
    return new PendingClient({ ...around, check: log.pending }, tenants[0], `reporter-${i + 1}`)
  })
  // The first two for one tenant, so that they report the same events.
  const reporting = Array.from({ length: products }, (_, i) => {
    const report: Cluster["report"] = (sent, reply) => cluster.report(sent, reply)
    return new ReportClient({ world, check: reports.check, report }, tenants[i < 2 ? 0 : 1], `product-${i + 1}`)
  })
  const others = [...reporting, ...planners, ...stoppers, ...listeners, ...leads, ...pending]
  const people = [...callers, ...keepers, ...senders, ...dropbins, ...others]
  for (const one of people) one.start(actionsPerClient, activeMs)
  return { world, disk, log, witness, bus, cluster, people, reports }
}

type Populated = ReturnType<typeof populate>

/** What has not ended yet, or null when all has. */
const unfinished = ({ bus, disk, log, people }: Populated): string | null => {
  const waiting = people.filter(({ open }) => open > 0).length
  if (waiting > 0) return `${waiting} clients wait for an answer`
  const live = [...log.calls.values()].filter(({ model }) => model.status === "Scheduled" || model.status === "Running")
  if (live.length > 0) return live.map(({ callId, model }) => `${callId} is ${model.status}`).join(", ")
  const kinds = [log.couriers, log.payloads, log.schedules, log.waiting, log.subscriptions, log.callbacks, log.jobs]
  const inWork = kinds.flatMap((kind) => kind.unfinished())
  if (inWork.length > 0) return inWork.join(", ")
  const untold = bus.missing()
  if (untold.length > 0) return `nobody was told of ${untold.join(", ")}`
  const left = Effect.runSync(Effect.orDie(disk.store.outbox.claim({ now: Number.MAX_SAFE_INTEGER, limit: 10 })))
  return left.length > 0 ? `${left.length} entries are left in the outbox` : null
}

export const simulate = (options: SimulateOptions): Report => {
  const { stepLimit = 1_000_000 } = options
  const inhabited = populate(options)
  const { cluster, log, reports, witness, world } = inhabited
  let steps = 0
  while (steps < stepLimit && world.step(world.activeMs)) steps += 1
  world.quiet = true
  world.note("world", "is quiet")
  cluster.calm()
  let unrest = unfinished(inhabited)
  // Deliveries are tried again after minutes, one after the other.
  const { subscribers, told } = world.setup
  const patience = subscribers > 0 || told ? 6 * patienceMs : patienceMs
  // What was put off by a clock that was ahead is due when the others have come so far.
  const until = world.activeMs + patience + world.clockSpan
  while (steps < stepLimit && unrest !== null && world.step(until)) {
    steps += 1
    if (steps % 16 === 0) unrest = unfinished(inhabited)
  }
  if (steps < stepLimit && world.violation === null) {
    unrest = unfinished(inhabited)
    if (unrest !== null) world.violate("everything accepted comes to its end", unrest)
    log.finish()
    reports.check.finish()
  }
  const { seed, sinceMs, trace, violation } = world
  return {
    seed,
    violation,
    hash: trace.digest(),
    trace: trace.lines,
    steps,
    calls: log.calls.size,
    requests: witness.left.length,
    crossings: world.crossings,
    virtualMs: sinceMs
  }
}
