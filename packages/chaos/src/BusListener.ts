/** Somebody else's consumer: a durable group on the bus that hears everything and writes down the order in which it came. */
import { ack, EventBus } from "@dueline/contracts/ports/EventBus"
import * as EventBusNats from "@dueline/nats/bus/EventBusNats"
import * as Nats from "@dueline/nats/Nats"
import * as Topology from "@dueline/nats/Topology"
import { Clock, Effect, Exit, Fiber, Layer, Logger } from "effect"
import { appendFileSync } from "node:fs"
import { inspect } from "node:util"
import type { Told } from "./History.ts"

export interface BusListener {
  readonly told: ReadonlyArray<Told>
  readonly close: () => Promise<void>
}

const logTo = (file: string) =>
  Logger.make<unknown, void>(({ date, logLevel, message }) =>
    appendFileSync(file, `${date.toISOString()} ${logLevel} ${inspect(message, { breakLength: Infinity })}\n`)
  )

/** Hears until it is closed, over every restart of the server. Its own log lines go to the file. */
export const listenToBus = async (url: string, log: string): Promise<BusListener> => {
  const told: Array<Told> = []
  const hear = Effect.gen(function* () {
    const bus = yield* EventBus
    yield* bus.consume({ group: "chaos", topics: [] }, ({ eventId, streamId, tenantId, topic }) =>
      Effect.map(Clock.currentTimeMillis, (at) => {
        if (topic.startsWith("ops.service-call.")) told.push({ at, eventId, tenantId, callId: streamId, topic })
        return ack
      })
    )
    return yield* Effect.never
  })
  const bus = EventBusNats.layer().pipe(
    Layer.provide(Topology.layer()),
    Layer.provide(Nats.layer({ url, name: "chaos listener" }))
  )
  const fiber = Effect.runFork(
    Effect.scoped(hear).pipe(Effect.provide(bus), Effect.provide(Logger.layer([logTo(log)])))
  )
  let failure: unknown
  fiber.addObserver((exit) => {
    if (Exit.isFailure(exit)) failure = exit.cause
  })
  return {
    told,
    close: async () => {
      if (failure !== undefined) throw new Error(`the listener on the bus has failed: ${String(failure)}`)
      await Effect.runPromise(Fiber.interrupt(fiber))
    }
  }
}
