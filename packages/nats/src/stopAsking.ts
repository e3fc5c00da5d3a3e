/** Ends a consumption without losing what the server has sent already. */
import type { ConsumerMessages } from "@nats-io/jetstream"
import type { Subscription } from "@nats-io/nats-core"
import { Effect } from "effect"
import type { Nats } from "./Nats.ts"

/**
 * Asks for no more, and waits until what is under way has come, which would otherwise be nobody's until the server's patience is over.
 * The library's own `close` drops that; its subscription, which it does not show, can be drained.
 */
export const stopAsking = (
  nats: Nats["Service"],
  messages: ConsumerMessages & { readonly sub?: Subscription }
): Effect.Effect<void> =>
  nats
    .request(async () => messages.sub?.drain())
    .pipe(Effect.timeoutOption(2_000), Effect.ignore, Effect.andThen(Effect.sync(() => void messages.close())))
