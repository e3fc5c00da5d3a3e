/** Runs the program until it is told to stop, then stops it in order: red first, no new work, what is on its way, the store. */
import { AccessScope } from "@dueline/contracts/api/Access"
import { TenantDirectory } from "@dueline/contracts/ports/Directories"
import { derivedTenantId } from "@dueline/identity/derivedId"
import { Effect, Layer } from "effect"
import { HttpServer } from "effect/http"
import { Cluster } from "./Cluster.ts"
import { createTenant } from "./changeTenant.ts"
import type { Settings } from "./Configuration.ts"
import type { Deployment } from "./Deployment.ts"
import * as logging from "./logging.ts"
import { CurrentPhase } from "./Phase.ts"
import { browserAddress, makeSignInLink } from "./makeSignInLink.ts"
import { program } from "./Program.ts"

const readyLine = (address: string): string => `Dueline is ready at ${address}`

/** What a person sees once the program serves: the address, how to get a token, and the next command to try. */
const firstSteps = (address: string, link: string | null): string =>
  `
${link === null ? "" : `  Console             ${link}\n                      signs you in once, within ten minutes; again: scripts/dueline console\n`}  API documentation   ${address}/docs   (also /redoc and /openapi.json)
  A token             scripts/dueline token
  Try this next       scripts/dueline call submit --url ${address}/health --delay 3s
  and then            scripts/dueline call list
  The demo tenant is named "demo". Stop with Ctrl-C; everything accepted is on disk and goes on at the next start.
`

export const demoTenant = "demo"

/** When the writer is in a process that is not there yet, the next start makes it. */
const createDemoTenant = Effect.gen(function* () {
  const { find } = yield* TenantDirectory
  if ((yield* find(derivedTenantId(demoTenant))) !== null) return
  yield* Effect.catchTag(createTenant(demoTenant, demoTenant), "WorkspaceTaken", () => Effect.void)
}).pipe(Effect.catch((error) => Effect.logWarning("the demo tenant is not made", { why: error._tag })))

/** For whoever reads what the program prints: everything in the tenant, and the tenants. */
const demoLink = (settings: Settings, { roles }: Deployment, address: string) =>
  roles.has("api")
    ? makeSignInLink({
        tenants: [derivedTenantId(demoTenant)],
        subject: "demo",
        roles: null,
        scopes: AccessScope.literals,
        address: browserAddress(address, settings.DUELINE_PUBLIC_URL)
      }).pipe(
        Effect.map(({ url }) => url),
        Effect.catch((error) =>
          Effect.as(Effect.logWarning("no link to the console is made", { operation: error.operation }), null)
        )
      )
    : Effect.succeed(null)

/** Built last, hence closed first: the program says that it is leaving before anything of it goes. */
const announce = (settings: Settings, deployment: Deployment, demo: boolean) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const phase = yield* CurrentPhase
      const cluster = yield* Cluster
      const address = HttpServer.formatAddress((yield* HttpServer.HttpServer).address)
      if (demo) yield* createDemoTenant
      const link = demo ? yield* demoLink(settings, deployment, address) : null
      phase.set("serving")
      yield* Effect.sync(() => process.stdout.write(`${readyLine(address)}\n${demo ? firstSteps(address, link) : ""}`))
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => phase.set("draining")).pipe(
          Effect.andThen(Effect.logInfo("stopping: new work is refused, work under way may end")),
          Effect.andThen(cluster.leave),
          Effect.andThen(Effect.sleep(settings.DUELINE_DRAIN_MS))
        )
      )
    })
  )

/** A second signal, or a stop that takes too long, ends the process at once: everything accepted is on disk. */
const endAtOnce = (settings: Settings) =>
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
  endAtOnce(settings).pipe(
    Effect.andThen(
      Layer.launch(announce(settings, deployment, demo).pipe(Layer.provide(program(settings, deployment, demo))))
    ),
    Effect.provide(logging.layer(settings))
  )
