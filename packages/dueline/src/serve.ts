/** Runs the program until it is told to stop, then stops it in order: red first, no new work, what is on its way, the store. */
import { derivedTenantId } from "@dueline/identity/derivedId"
import * as Tenants from "@dueline/postgres/Tenants"

import { Clock, Effect, Layer } from "effect"
import { HttpServer } from "effect/http"
import type { Settings } from "./Configuration.ts"
import type { Deployment } from "./Deployment.ts"
import * as logging from "./logging.ts"
import { Neighbours } from "./Neighbours.ts"
import { CurrentPhase } from "./Phase.ts"
import { program } from "./Program.ts"
import { readyLine, welcome } from "./Welcome.ts"

export const demoTenant = "demo"

const createDemoTenant = Effect.gen(function* () {
  const tenants = yield* Tenants.Tenants
  const tenant = { tenantId: derivedTenantId(demoTenant), name: demoTenant, createdAt: yield* Clock.currentTimeMillis }
  yield* Effect.catchTag(tenants.create(tenant), "TenantExists", () => Effect.void)
})

/** Built last, hence closed first: the program says that it is leaving before anything of it goes. */
const announce = (settings: Settings, demo: boolean) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const phase = yield* CurrentPhase
      const neighbours = yield* Neighbours
      const address = HttpServer.formatAddress((yield* HttpServer.HttpServer).address)
      if (demo) yield* createDemoTenant
      phase.set("serving")
      yield* Effect.sync(() => process.stdout.write(`${readyLine(address)}\n${demo ? welcome(address) : ""}`))
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => phase.set("draining")).pipe(
          Effect.andThen(Effect.logInfo("stopping: new work is refused, work under way may end")),
          Effect.andThen(neighbours.leave),
          Effect.andThen(Effect.sleep(settings.DUELINE_DRAIN_MS))
        )
      )
    })
  )

/** A second signal, or a stop that takes longer than it may, ends the process the hard way: everything accepted is on disk. */
const insist = (settings: Settings) =>
  Effect.sync(() => {
    let asked = 0
    const hurry = () => {
      asked++
      if (asked > 1) process.exit(1)
      // oxlint-disable-next-line eslint/no-restricted-globals -- the last resort when stopping hangs: it must not depend on the runtime that hangs
      setTimeout(() => {
        process.stderr.write("stopping took too long; ending now\n")
        process.exit(1)
      }, settings.DUELINE_SHUTDOWN_MS).unref()
    }
    process.on("SIGTERM", hurry)
    process.on("SIGINT", hurry)
  })

/** Ends only by interruption or a failure to start. */
export const serve = (settings: Settings, deployment: Deployment, demo: boolean) =>
  insist(settings).pipe(
    Effect.andThen(Layer.launch(announce(settings, demo).pipe(Layer.provide(program(settings, deployment, demo))))),
    Effect.provide(logging.layer(settings))
  )
