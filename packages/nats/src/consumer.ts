/** The consumer of a stream: made or changed as it must be, and left without losing what the server has sent already. */
import { type ConsumerConfig, type ConsumerInfo, type ConsumerMessages, JetStreamApiError } from "@nats-io/jetstream"
import type { Subscription } from "@nats-io/nats-core"
import { Effect } from "effect"
import type { Nats, NatsFailed } from "./Nats.ts"

const differs = 10_148

/** Makes the consumer, or changes one that is there with other settings. */
export const ensureConsumer = (
  nats: Nats["Service"],
  stream: string,
  config: Partial<ConsumerConfig>
): Effect.Effect<ConsumerInfo, NatsFailed> => {
  const { consumers } = nats.manager
  const name = config.durable_name ?? config.name ?? ""
  return Effect.catch(
    nats.request(() => consumers.add(stream, { ...config })),
    (failed) => {
      const otherwise = failed.cause instanceof JetStreamApiError && failed.cause.code === differs
      return otherwise ? nats.request(() => consumers.update(stream, name, { ...config })) : Effect.fail(failed)
    }
  )
}

/**
 * Asks for no more, and waits until what is under way has come; else no process would have it until `ack_wait` is over. The library's own
 * `close` drops what is under way; its subscription, which it does not show, can be drained.
 */
export const stopConsuming = (
  nats: Nats["Service"],
  messages: ConsumerMessages & { readonly sub?: Subscription }
): Effect.Effect<void> =>
  nats
    .request(async () => messages.sub?.drain())
    .pipe(Effect.timeoutOption(2_000), Effect.ignore, Effect.andThen(Effect.sync(() => void messages.close())))
