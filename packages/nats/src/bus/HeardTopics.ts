/**
 * Which topics somebody takes from the bus, of those that need not go by it: known from the consumers of the stream, whoever made them.
 *
 * In doubt a topic is heard: until it is known, after the connection or the stream was lost, and for a while after the start, when groups that
 * the server has lost come back. A durable consumer counts from then on, also when it is gone, since its group comes back and has to find what
 * came meanwhile. One is noticed when the server tells of it, and at the next look at the latest.
 */
import type { ConsumerConfig, ConsumerInfo } from "@nats-io/jetstream"
import { makeSignal } from "@dueline/contracts/Signal"
import { Clock, Effect } from "effect"
import { Nats } from "../Nats.ts"
import { eventFilters } from "../Subjects.ts"
import { Topology } from "../Topology.ts"
import { overhearsMark } from "./consumerConfig.ts"

export interface HeardTimes {
  /** From one look at the consumers to the next, in milliseconds. */
  readonly lookMs: number
  /** How long every topic counts as heard after the start, and after connection or stream were lost, in milliseconds. */
  readonly doubtMs: number
}

const defaultTimes: HeardTimes = { lookMs: 5_000, doubtMs: 10_000 }

/** Whether some subject matches both. */
const overlap = (one: string, other: string): boolean => {
  const [mine, others] = [one.split("."), other.split(".")]
  for (let i = 0; i < Math.max(mine.length, others.length); i++) {
    const [a, b] = [mine[i], others[i]]
    if (a === ">" || b === ">") return true
    if (a === undefined || b === undefined || (a !== b && a !== "*" && b !== "*")) return false
  }
  return true
}

export const takes = (
  { filter_subject, filter_subjects, metadata }: Partial<ConsumerConfig>,
  prefix: string,
  topic: string
): boolean => {
  if (metadata?.[overhearsMark] !== undefined) return false
  const filters = filter_subjects ?? (filter_subject === undefined ? [] : [filter_subject])
  const wanted = eventFilters(prefix, [topic], undefined)
  return filters.length === 0 || filters.some((filter) => wanted.some((one) => overlap(filter, one)))
}

/** Looks from the first question on, until the scope closes. `topics`: those that are asked about. */
export const makeHeardTopics = Effect.fnUntraced(function* (
  topics: ReadonlyArray<string>,
  { doubtMs, lookMs }: HeardTimes = defaultTimes
) {
  const { connection, manager, prefix, request, watch } = yield* Nats
  const { onLost, wanted } = yield* Topology
  const clock = yield* Clock.Clock
  const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const stream = wanted.events.name
  const asked = makeSignal()
  const stirred = makeSignal()
  const durable = new Set<string>()
  /** Null: nobody knows. */
  let taken: ReadonlySet<string> | null = null
  let isAsked = false
  let doubtUntil = now() + doubtMs

  const doubt = (): void => {
    taken = null
    doubtUntil = now() + doubtMs
  }
  const everyConsumer = request(async () => {
    const found: Array<ConsumerInfo> = []
    for await (const one of manager.consumers.list(stream)) found.push(one)
    return found
  })
  const look = Effect.match(everyConsumer, {
    onFailure: () => {
      taken = null
    },
    onSuccess: (consumers) => {
      const found = new Set<string>()
      for (const { config } of consumers)
        for (const topic of topics) {
          if (!takes(config, prefix, topic)) continue
          found.add(topic)
          if (config.durable_name !== undefined) durable.add(topic)
        }
      taken = now() < doubtUntil ? null : found
    }
  })

  const stop = watch((event) => (event === "disconnected" ? doubt() : stirred.raise()))
  onLost(doubt)
  const created = connection.subscribe(`$JS.EVENT.ADVISORY.CONSUMER.CREATED.${stream}.>`, {
    callback: () => stirred.raise()
  })
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      stop()
      created.unsubscribe()
    })
  )
  yield* Effect.forkScoped(
    Effect.andThen(asked.wait(Number.POSITIVE_INFINITY), Effect.forever(Effect.andThen(look, stirred.wait(lookMs))))
  )

  return (topic: string): boolean => {
    if (!isAsked) asked.raise()
    isAsked = true
    return taken === null || taken.has(topic) || durable.has(topic)
  }
})
