/** One run from an empty directory to its history: start, load and faults, healing, rest, and what is there then. */
import { tenantScopes } from "@dueline/contracts/api/Access"
import { derivedTenantId } from "@dueline/identity/derivedId"
import { layer as issuing, TokenIssuer } from "@dueline/identity/TokenIssuer"
import * as SigningKeys from "@dueline/secrets/SigningKeys"
import { Effect, Layer } from "effect"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { Api } from "./Api.ts"
import { type BusListener, listenToBus } from "./BusListener.ts"
import { CourierLoad } from "./CourierLoad.ts"
import { collect } from "./collect.ts"
import { Faults } from "./Faults.ts"
import { Habits } from "./Habits.ts"
import { habits } from "./habits/all.ts"
import type { History } from "./History.ts"
import { Load } from "./Load.ts"
import { ProductLoad } from "./ProductLoad.ts"
import type { Fault } from "./Plan.ts"
import type { Run, RunOptions } from "./Run.ts"
import { buildStage, type Stage } from "./Stage.ts"
import { unfinished } from "./Store.ts"
import { startTargets } from "./Targets.ts"

/** Faults that are done at the same time. */
const faultsAtOnce = 4
/** A load that is held up by one fault does not hold up the next for longer. */
const patienceMs = 6_000
const stepMs = 20

/** Until so many more operations have begun, or for as long as anybody waits for them. */
const progress = async ({ load }: Run, operations: number): Promise<void> => {
  const [goal, until] = [load.begun + operations, Date.now() + patienceMs]
  while (load.begun < goal && Date.now() < until) await wait(stepMs)
}

/** Until the plan is done or the time is up, and every victim is back. */
const trouble = async (run: Run): Promise<void> => {
  const { faults, options } = run
  const until = Date.now() + (options.untilMs ?? Number.POSITIVE_INFINITY)
  const doing = new Set<Promise<void>>()
  let failure: unknown
  const attempt = async (fault: Fault) => {
    try {
      await faults.do(fault)
    } catch (cause) {
      failure ??= cause
    }
  }
  await progress(run, options.margin)
  for (const fault of options.plan) {
    await progress(run, fault.afterOperations)
    while (doing.size >= faultsAtOnce) await Promise.race(doing)
    if (Date.now() > until || failure !== undefined) break
    options.say(`fault ${fault.number}: ${fault.kind} ${fault.victim}`)
    const done = attempt(fault).finally(() => doing.delete(done))
    doing.add(done)
  }
  await Promise.all(doing)
  if (failure !== undefined) throw failure
  await progress(run, options.margin)
}

const clients = 24
/** Operations of clients for each request of a courier, and for each of a product. */
const operationsPerReport = 4
const tenantNames = ["acme", "borealis", "cirrus"]

/** As `dueline token` makes it, without a process of its own, which takes a second of the processor. */
const tokenFor = (stage: Stage, name: string): Promise<string> =>
  Effect.flatMap(TokenIssuer, ({ mint }) =>
    mint({ subject: "chaos", tenantId: derivedTenantId(name), scopes: tenantScopes, ttlSeconds: 12 * 3_600 })
  ).pipe(
    Effect.provide(
      Layer.provide(issuing(), SigningKeys.layer({ directory: join(stage.directory, "home", "keys", "tokens") }))
    ),
    Effect.runPromise
  )

const tenant = async (stage: Stage, name: string): Promise<readonly [string, string]> => {
  const created = await stage.command("tenant", "create", name)
  if (created.code !== 0) throw new Error(`no tenant ${name}: ${created.output}`)
  return [name, await tokenFor(stage, name)]
}

/** True when nothing is left to do before the limit. */
const rest = async ({ options, stage }: Run): Promise<boolean> => {
  const until = Date.now() + options.restLimitMs
  for (;;) {
    const { live, outbox } = await unfinished(stage.database)
    if (live === 0 && outbox === 0) return true
    if (Date.now() > until) return false
    options.say(`coming to rest: ${live} calls and events, ${outbox} messages left`)
    await wait(1_000)
  }
}

const perform = async (run: Run): Promise<void> => {
  const { faults, options } = run
  const loads = [run.load, run.couriers, run.products, run.habits]
  const loading = Promise.all(loads.map((load) => load.run()))
  const meddling = options.sabotage?.during?.(run)
  await trouble(run)
  for (const load of loads) load.stop()
  await meddling
  options.say("the faults are over")
  await faults.heal()
  const patience = setTimeout(() => {
    for (const load of loads) load.giveUp()
  }, options.restLimitMs)
  await loading
  clearTimeout(patience)
  options.say((await rest(run)) ? "at rest" : "not at rest in time")
  await options.sabotage?.atRest?.(run)
}

/** Leaves nothing running. The directory stays: the logs are in it. */
export const runOnce = async (options: RunOptions): Promise<History> => {
  const { rate, sabotage, seed } = options
  const stage = await buildStage(options)
  const targets = await startTargets()
  const serving = () =>
    stage.members.flatMap(({ address, roles }) => (address !== null && roles.includes("api") ? [address] : []))
  const api = new Api(serving)
  let listener: BusListener | null = null
  try {
    const migrated = await stage.command("migrate")
    if (migrated.code !== 0) throw new Error(`the database was not migrated: ${migrated.output}`)
    await sabotage?.before?.(stage)
    listener =
      stage.nats === null ? null : await listenToBus(stage.nats.url, join(stage.directory, "logs", "listener.log"))
    await Promise.all(stage.members.map((member) => member.start()))
    // The keys that sign tokens are made by the first start.
    const tenants = new Map(await Promise.all(tenantNames.map((name) => tenant(stage, name))))
    options.say(`${stage.members.length} ready`)
    const load = new Load({ seed, api, targets: targets.urls, tenants, rate, clients, meddle: sabotage?.meddle })
    const couriers = await CourierLoad.make({ seed, api, tenants, rate: rate / operationsPerReport })
    const products = new ProductLoad({ seed, api, tenants, rate: rate / operationsPerReport })
    const people = new Habits({ seed, api, tenants, targets: targets.urls, habits: habits() })
    const run: Run = {
      options,
      stage,
      targets,
      api,
      load,
      couriers,
      products,
      habits: people,
      faults: new Faults(stage),
      tenants
    }
    await perform(run)
    return await collect(run, listener)
  } finally {
    await api.close()
    await listener?.close()
    await stage.close()
    await targets.close()
  }
}
