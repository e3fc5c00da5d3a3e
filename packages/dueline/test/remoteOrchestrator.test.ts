/** Commands that are carried to the writers of another process are answered as those writers answer. */
import { Intents } from "@dueline/contracts/Intent"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import * as CommandServer from "@dueline/nats/commands/CommandServer"
import * as RemoteOrchestrator from "@dueline/nats/commands/RemoteOrchestrator"
import * as Members from "@dueline/nats/members/Members"
import * as Nats from "@dueline/nats/Nats"
import * as Writers from "@dueline/orchestration/Writers"
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import * as OrchestratorContract from "@dueline/port-contracts/OrchestratorContract"
import { missing, natsUrl } from "@dueline/test-servers/sharedServers"
import { Effect, Layer } from "effect"
import { randomUUID } from "node:crypto"
import { describe } from "vitest"

const prefix = `t${randomUUID().slice(0, 8)}`

const processOf = Effect.fnUntraced(function* (id: string, role: "api" | "orchestrator") {
  const nats = Nats.layer({ url: yield* Effect.promise(natsUrl), name: id, prefix })
  return yield* Layer.build(Members.layer({ id, roles: [role], everyMs: 50 }).pipe(Layer.provideMerge(nats)))
})

const carried = Effect.gen(function* () {
  const writers = yield* Writers.make().pipe(
    Effect.provideService(Persistence, MemoryStore.make().persistence),
    Effect.provideService(Intents, { publish: () => undefined, subscribe: () => undefined })
  )
  yield* Effect.provide(CommandServer.serveCommands(writers), yield* processOf("o1", "orchestrator"))
  return yield* Effect.provide(
    RemoteOrchestrator.make({ local: null, patienceMs: 20_000 }),
    yield* processOf("edge", "api")
  )
})

describe.skipIf(await missing("nats"))("Orchestrator over NATS", { tags: ["ADR-0014.1"] }, () => {
  OrchestratorContract.suite("another process", { layer: Layer.effect(Orchestrator, carried), realTime: true })
})
