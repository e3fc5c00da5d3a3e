import "effect/schema/SchemaJITCompiler/enable"
const { Effect, Layer, Context, Redacted, Result } = await import("effect")
const { HttpRouter, HttpServer } = await import("effect/http")
const NodeHttpServer = await import("@effect/platform-node/NodeHttpServer")
const NodeRuntime = await import("@effect/platform-node/NodeRuntime")
const { Orchestrator } = await import("@dueline/contracts/ports/Orchestrator")
const { RequestIntake } = await import("@dueline/contracts/ports/RequestIntake")
const { HealthChecks } = await import("@dueline/contracts/ports/HealthChecks")
const MemoryStore = await import("@dueline/contracts/memory/MemoryStore")
const EventBusMemory = await import("@dueline/contracts/memory/EventBusMemory")
const SigningKeys = await import("@dueline/identity/SigningKeys")
const TokenIssuer = await import("@dueline/identity/TokenIssuer")
const TokenVerifier = await import("@dueline/identity/TokenVerifier")
const Cursor = await import("../src/Cursor.ts")
const Edge = await import("../src/Edge.ts")
const Routes = await import("../src/Routes.ts")
const { createHttpServer } = await import("../src/createHttpServer.ts")
import { writeFileSync } from "node:fs"
const ports = Layer.mergeAll(
  Layer.succeed(Orchestrator, { ask: (e: any) => Effect.succeed({ version: 1, replayed: false, outcome: { _tag: "Submitted", callId: e.command.callId, status: "Scheduled", dueAt: e.command.dueAt ?? 0, attempt: 0 } as any }) }),
  EventBusMemory.layer(),
  Layer.succeed(RequestIntake, { admit: (_t: any, _c: any, { body, headers, method, url }: any) => Result.succeed({ summary: { method, url, headers, bodyBytes: 0, bodySnippet: body }, sealed: null }) }),
  Layer.succeed(HealthChecks, { version: "x", startedAt: 0, phase: Effect.succeed("serving" as const), dependencies: Effect.succeed([]) }),
  Cursor.layer(Redacted.make(new Uint8Array(32))), TokenIssuer.layer(), TokenVerifier.layer()
).pipe(Layer.provideMerge(MemoryStore.layerMemory()), Layer.provideMerge(SigningKeys.layerEphemeral))
const server = HttpRouter.serve(Routes.layer(), { disableLogger: true, disableListenLog: true }).pipe(
  Layer.provide(NodeHttpServer.layer(() => createHttpServer(), { port: 3399, host: "127.0.0.1" })), Layer.provide(Edge.layerBodyLimit()))
const ready = Layer.effectDiscard(Effect.gen(function*() {
  const t = yield* (yield* TokenIssuer.TokenIssuer).mint({ subject: "x", tenantId: "11111111-1111-4111-8111-111111111111" as never, scopes: ["ops:calls.write", "ops:calls.read"], ttlSeconds: 86400 })
  writeFileSync("/tmp/edgebench/token", t); console.log("up")
}))
let last = process.cpuUsage()
process.on("SIGUSR2", () => { const u = process.cpuUsage(last); last = process.cpuUsage(); console.log("user", (u.user/15000).toFixed(1), "sys", (u.system/15000).toFixed(1)) })
NodeRuntime.runMain(Layer.launch(Layer.merge(server, ready).pipe(Layer.provide(ports))) as any)
