/** What `dueline bus status` does. */
import { type BusStatus, busStatus, type StreamStatus } from "@dueline/nats/BusStatus"
import * as Nats from "@dueline/nats/Nats"
import { sentenceOf } from "@dueline/nats/wantedStreams"
import { Effect } from "effect"
import * as Configuration from "../Configuration.ts"
import { CommandFailed, Ended, print, Shell } from "./Shell.ts"
import { table } from "./format.ts"

/** A person who looks does not want to wait for a server to come. */
const patience = "5 seconds"

const troubleOf = ({ differences, exists }: StreamStatus): string =>
  exists ? sentenceOf(differences) : "missing: it is made when a process starts"

const page = ({ rttMs, server, streams }: BusStatus): string => {
  const consumers = streams.flatMap(({ consumers, name }) =>
    consumers.map((consumer) => ({ ...consumer, stream: name }))
  )
  const lines = [
    `${server}, ${rttMs.toFixed(1)} ms away`,
    "",
    table([
      ["STREAM", "MESSAGES", "BYTES", "LAST", "COPIES", "TROUBLE"],
      ...streams.map((stream) => [
        stream.name,
        String(stream.messages),
        String(stream.bytes),
        stream.lastAt ?? "-",
        String(stream.replicas),
        troubleOf(stream) || "-"
      ])
    ])
  ]
  if (consumers.length === 0) return [...lines, "", "no consumers"].join("\n")
  const rows = consumers.map(({ ackPending, group, name, pending, redelivered, stream, waitingPulls }) => [
    stream,
    group ?? name,
    String(pending),
    String(ackPending),
    String(redelivered),
    String(waitingPulls)
  ])
  return [...lines, "", table([["STREAM", "CONSUMER", "WAITING", "IN HAND", "AGAIN", "LISTENING"], ...rows])].join("\n")
}

export const printBusStatus = Effect.fnUntraced(function* () {
  const settings = yield* Configuration.read((yield* Shell).env)
  const url = settings.DUELINE_NATS_URL
  if (url === null) {
    return yield* new CommandFailed({
      message: "DUELINE_NATS_URL is not set",
      notes: ["without it everything runs in one process, and there is no broker to look at"]
    })
  }
  const away = new CommandFailed({
    message: "The NATS server does not answer",
    notes: ["check DUELINE_NATS_URL, and that the server runs with JetStream"]
  })
  const status = yield* busStatus(settings.DUELINE_NATS_REPLICAS).pipe(
    Effect.provide(Nats.layer({ url, name: "dueline bus status", prefix: settings.DUELINE_NATS_PREFIX })),
    Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(away) }),
    Effect.catchTag("NatsFailed", () => Effect.fail(away))
  )
  yield* print(status, () => page(status))
  if (status.streams.some((stream) => troubleOf(stream) !== "")) return yield* new Ended({ exitCode: 1 })
})
