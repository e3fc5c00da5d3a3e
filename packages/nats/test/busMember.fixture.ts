/** A process that is a member of a group, to be killed or stopped by a test: its arguments are URL, prefix, group, options. */
import { ack } from "@dueline/contracts/ports/EventBus"
import * as EventBusNats from "@dueline/nats/bus/EventBusNats"
import * as Nats from "@dueline/nats/Nats"
import * as Topology from "@dueline/nats/Topology"
import { Effect, Layer } from "effect"

const [url = "", prefix = "", group = "", options = "{}"] = process.argv.slice(2)

const say = (word: unknown): void => void process.stdout.write(`${JSON.stringify(word)}\n`)

const program = Effect.gen(function* () {
  const bus = yield* EventBusNats.make(JSON.parse(options))
  yield* bus.consume({ group, topics: [] }, ({ payload }) => {
    say(payload)
    if (payload === "stuck") return Effect.never
    return payload === "slow" ? Effect.as(Effect.sleep(1_500), ack) : Effect.succeed(ack)
  })
  say("ready")
  return yield* Effect.never
})

const layer = Topology.layer().pipe(Layer.provideMerge(Nats.layer({ url, name: "member", prefix })))
const fiber = Effect.runFork(Effect.provide(Effect.scoped(program), layer))
process.on("SIGTERM", () => fiber.interruptUnsafe())
