/** The bus on JetStream, judged by the suite that every bus passes. */
import * as EventBusNats from "@dueline/nats/bus/EventBusNats"
import * as EventBusContract from "@dueline/port-contracts/bus/EventBusContract"
import { missing } from "@dueline/test-servers/sharedServers"
import { Effect, Layer } from "effect"
import { describe } from "vitest"
import { served } from "./NatsUnderTest.ts"

describe.skipIf(await missing("nats"))("EventBus on NATS", { tags: ["ADR-0002.1"] }, () => {
  EventBusContract.suite("JetStream", {
    layer: EventBusNats.layer({ backoff: { initialMs: 100, maxMs: 300 } }).pipe(Layer.provideMerge(served())),
    realTime: true,
    // Ten attempts are over in less than that with this back-off: more would only be waiting.
    passTime: (ms) => Effect.sleep(Math.min(ms, 4_000)),
    features: { publishWaits: false, deduplicates: true }
  })
})
