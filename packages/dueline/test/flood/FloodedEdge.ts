/**
 * An edge that serves the console and has calls in memory, of which more change in a second than a store on this machine could bring about.
 * The feed is the real one, and so are the files: what is tried is what a browser does with them.
 */
import * as CallFeed from "@dueline/api/calls/CallFeed"
import { summaryOf } from "@dueline/api/calls/view"
import * as ConsoleRoutes from "@dueline/api/console/ConsoleRoutes"
import * as CallNotices from "@dueline/contracts/CallNotices"
import { EpochMillis, type ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { CallQueries } from "@dueline/contracts/ports/Queries"
import { HealthChecks } from "@dueline/contracts/ports/HealthChecks"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import * as Sample from "@dueline/port-contracts/Sample"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Context, Effect, Layer, ManagedRuntime } from "effect"
import { HttpRouter, HttpServer, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"

const tenantId = TenantId.make("11111111-1111-4111-8111-111111111111")

/** More than a page keeps, so that calls change that it does not show. */
const kept = 1_500
/** Of ten updates so many are new calls, where nothing else is said; the others change one of the newest. */
const usuallyFresh = 3

/** What becomes of a call, one update after the other. */
const life = ["Scheduled", "Running", "Succeeded"] as const

class Calls {
  /** The oldest first, as a map keeps them. */
  readonly rows = new Map<ServiceCallId, ServiceCallRow>()
  updates = 0
  reads = 0
  newest = ""

  /** Which call it was. */
  update(freshOfTen: number): ServiceCallId {
    this.updates += 1
    const at = EpochMillis.make(Date.now())
    const known = [...this.rows.keys()].at(-1 - ((this.updates * 37) % 997))
    if (known === undefined || this.updates % 10 < freshOfTen) {
      const made = Sample.target(tenantId)
      this.newest = `https://api.example.com/flood/${this.updates}`
      this.rows.set(
        made.callId,
        Sample.row(made, {
          createdAt: at,
          updatedAt: at,
          dueAt: at,
          request: { method: "POST", url: this.newest, headers: {}, bodyBytes: 0, bodySnippet: null }
        })
      )
      for (const oldest of this.rows.keys()) {
        if (this.rows.size <= kept) break
        this.rows.delete(oldest)
      }
      return made.callId
    }
    const row = this.rows.get(known)
    if (row !== undefined) {
      const status = life[row.version % life.length] ?? "Scheduled"
      const done = status === "Succeeded"
      this.rows.set(known, {
        ...row,
        version: row.version + 1,
        status,
        attempt: 1,
        updatedAt: at,
        lastStatus: done ? 200 : null,
        endedAt: done ? at : null
      })
    }
    return known
  }
}

export class FloodedEdge extends Context.Service<
  FloodedEdge,
  {
    readonly address: string
    /** So many updates, now. */
    readonly update: (count: number, freshOfTen?: number) => void
    readonly updates: () => number
    /** How often the list was read. */
    readonly reads: () => number
    /** The URL of the call that was made last. */
    readonly newest: () => string
  }
>()("@dueline/dueline/test/flood/FloodedEdge") {}

const session = {
  subject: "flooded",
  tenants: [tenantId],
  tenant: tenantId,
  roles: ["viewer"],
  permissions: ["ops:calls.read"],
  expiresAt: null,
  session: null,
  way: null
}

const layerOf = (calls: Calls, folder: string) => {
  const notices = CallNotices.makeLocal()
  const ports = Layer.mergeAll(
    Layer.succeed(CallNotices.CallNotices, notices),
    Layer.succeed(HealthChecks, {
      version: "flood",
      startedAt: 0,
      phase: () => "serving" as const,
      processes: () => [],
      dependencies: Effect.succeed([])
    }),
    Layer.succeed(CallQueries, {
      list: () => Effect.die("not asked"),
      find: () => Effect.die("not asked"),
      history: () => Effect.die("not asked"),
      flow: () => Effect.die("not asked"),
      findMany: (_, ids) => Effect.sync(() => ids.flatMap((id) => calls.rows.get(id) ?? []))
    })
  )
  const routes = Layer.mergeAll(
    ConsoleRoutes.layer(folder),
    HttpRouter.add("GET", "/console/session", Effect.succeed(HttpServerResponse.jsonUnsafe(session))),
    HttpRouter.add(
      "GET",
      "/v1/service-calls",
      Effect.sync(() => {
        calls.reads += 1
        const items = [...calls.rows.values()].slice(-50).toReversed().map(summaryOf)
        return HttpServerResponse.jsonUnsafe({ items, nextCursor: null })
      })
    ),
    HttpRouter.use(
      Effect.fnUntraced(function* (router) {
        const { of } = yield* CallFeed.CallFeed
        const answer = () => HttpServerResponse.stream(of(tenantId), { contentType: "text/event-stream" })
        yield* router.add("GET", "/v1/service-calls/live", Effect.sync(answer))
      })
    ).pipe(Layer.provide(CallFeed.layer()))
  )
  return Layer.effect(
    FloodedEdge,
    Effect.map(HttpServer.HttpServer, ({ address }) => ({
      address: `http://127.0.0.1:${"port" in address ? address.port : 0}`,
      update: (count: number, freshOfTen = usuallyFresh) => {
        for (let n = 0; n < count; n++) notices.changed(tenantId, calls.update(freshOfTen))
      },
      updates: () => calls.updates,
      reads: () => calls.reads,
      newest: () => calls.newest
    }))
  ).pipe(
    Layer.provide(HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true })),
    Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1", gracefulShutdownTimeout: 200 })),
    Layer.provide(ports)
  )
}

/** `folder`: where the console was built to. */
export const startFloodedEdge = async (folder: string) => {
  const runtime = ManagedRuntime.make(layerOf(new Calls(), folder))
  const edge = await runtime.runPromise(FloodedEdge)
  return { ...edge, close: () => runtime.dispose() }
}
