/** The writers of this package pass the suite of the port they stand behind, with and without the recall of attempts. */
import { Intents } from "@dueline/contracts/Intent"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import * as OrchestratorContract from "@dueline/port-contracts/OrchestratorContract"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { recalling } from "../src/recalling.ts"
import * as Writers from "../src/Writers.ts"

const writers = Writers.layer().pipe(Layer.provide([MemoryStore.layerMemory(), Intents.layer]))
const settle = TestClock.adjust("1 minute")

OrchestratorContract.suite("writers", { layer: writers, settle })
OrchestratorContract.suite("writers, with recalls", {
  layer: Layer.effect(
    Orchestrator,
    Effect.flatMap(Orchestrator, (own) => recalling(own, () => Effect.succeed("sent")))
  ).pipe(Layer.provide(writers)),
  settle
})
