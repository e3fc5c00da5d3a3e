/** What lies on the bus and who is behind with it: plain data for `dueline bus status`. Looks at everything and changes nothing. */
import type { ConsumerInfo, StreamInfo } from "@nats-io/jetstream"
import { Effect } from "effect"
import { isMissing } from "./ensureStream.ts"
import { Nats, type NatsFailed } from "./Nats.ts"
import { type Difference, differences, type WantedStream, wantedStreams } from "./wantedStreams.ts"

export interface ConsumerStatus {
  readonly name: string
  /** The name of the group; undefined for a consumer that another program made. */
  readonly group: string | undefined
  readonly filters: ReadonlyArray<string>
  /** Messages not delivered yet. */
  readonly pending: number
  /** Given and not acknowledged. */
  readonly ackPending: number
  /** Of those, given more than once. */
  readonly redelivered: number
  /** Pull requests that wait: 0 means that the group has no member. */
  readonly waitingPulls: number
}

export interface StreamStatus {
  readonly name: string
  /** False: the bus has not been set up, or was wiped; all else is 0 and empty. */
  readonly exists: boolean
  readonly messages: number
  readonly bytes: number
  readonly firstSequence: number
  readonly lastSequence: number
  /** When the last message came, as an ISO date; undefined when none ever has. */
  readonly lastAt: string | undefined
  readonly replicas: number
  /** Settings that are not as this program wants them. */
  readonly differences: ReadonlyArray<Difference>
  readonly consumers: ReadonlyArray<ConsumerStatus>
}

export interface BusStatus {
  readonly server: string
  /** Milliseconds to the server and back. */
  readonly rttMs: number
  readonly streams: ReadonlyArray<StreamStatus>
}

const consumerStatus = (info: ConsumerInfo): ConsumerStatus => ({
  name: info.name,
  group: info.config.metadata?.["group"],
  filters: info.config.filter_subjects ?? [info.config.filter_subject ?? ">"],
  pending: info.num_pending,
  ackPending: info.num_ack_pending,
  redelivered: info.num_redelivered,
  waitingPulls: info.num_waiting
})

const byName = (a: ConsumerStatus, b: ConsumerStatus): number => (a.name < b.name ? -1 : 1)

const streamStatus = (
  wanted: WantedStream,
  { config, state }: StreamInfo,
  consumers: ReadonlyArray<ConsumerInfo>
): StreamStatus => ({
  name: wanted.name,
  exists: true,
  messages: state.messages,
  bytes: state.bytes,
  firstSequence: state.first_seq,
  lastSequence: state.last_seq,
  lastAt: state.last_seq === 0 ? undefined : state.last_ts,
  replicas: config.num_replicas,
  differences: differences(wanted, config),
  consumers: consumers.map(consumerStatus).sort(byName)
})

const absent = ({ name }: WantedStream): StreamStatus => ({
  name,
  exists: false,
  messages: 0,
  bytes: 0,
  firstSequence: 0,
  lastSequence: 0,
  lastAt: undefined,
  replicas: 0,
  differences: [],
  consumers: []
})

const look = (nats: Nats["Service"], wanted: WantedStream): Effect.Effect<StreamStatus, NatsFailed> => {
  const { consumers, streams } = nats.manager
  const everyConsumer = async () => {
    const found: Array<ConsumerInfo> = []
    for await (const one of consumers.list(wanted.name)) found.push(one)
    return found
  }
  return nats
    .request(async () => streamStatus(wanted, await streams.info(wanted.name), await everyConsumer()))
    .pipe(Effect.catch((failed) => (isMissing(failed.cause) ? Effect.succeed(absent(wanted)) : Effect.fail(failed))))
}

/** `replicas` as in the configuration, to compare with. */
export const busStatus = Effect.fnUntraced(function* (replicas = 1): Effect.fn.Return<BusStatus, NatsFailed, Nats> {
  const nats = yield* Nats
  const rttMs = yield* nats.rtt
  const streams = yield* Effect.forEach(Object.values(wantedStreams(nats.prefix, replicas)), (one) => look(nats, one))
  return { server: nats.connection.getServer(), rttMs, streams }
})
