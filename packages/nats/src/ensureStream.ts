/**
 * Makes one stream as it must be. Only what is wanted of it is looked at: whatever else an operator has set stays as it is. Replicas
 * are added and never taken away.
 */
import { JetStreamApiCodes, JetStreamApiError, type StreamInfo } from "@nats-io/jetstream"
import { Effect, Schema } from "effect"
import type { Nats, NatsFailed } from "./Nats.ts"
import { type Difference, differences, sentenceOf, type WantedStream } from "./wantedStreams.ts"

/** A stream is not as it must be and cannot be made so; a person has to look at it. */
export class StreamRefused extends Schema.TaggedError<StreamRefused>()("StreamRefused", {
  stream: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `stream ${this.stream}: ${this.problem}`
  }
}

const absent: ReadonlySet<number> = new Set([JetStreamApiCodes.StreamNotFound, JetStreamApiCodes.ConsumerNotFound])

/** The stream or the consumer that was asked for is not there. */
export const isMissing = (cause: unknown): boolean => cause instanceof JetStreamApiError && absent.has(cause.code)

/** Cannot be changed once the stream exists. */
const fixed = new Set(["retention", "storage"])

const refusal = (stream: string, problem: string) => Effect.fail(new StreamRefused({ stream, problem }))

const change = (
  nats: Nats["Service"],
  wanted: WantedStream,
  different: ReadonlyArray<Difference>
): Effect.Effect<StreamInfo, NatsFailed | StreamRefused> => {
  const stuck = different.filter(({ setting }) => fixed.has(setting))
  const hint = "delete the stream or choose another prefix"
  if (stuck.length > 0) return refusal(wanted.name, `${sentenceOf(stuck)}, which cannot be changed: ${hint}`)
  const changes = Object.fromEntries(different.map(({ setting, wanted }) => [setting, wanted]))
  return nats
    .request(() => nats.manager.streams.update(wanted.name, changes))
    .pipe(
      Effect.tap(() => Effect.logInfo(`stream ${wanted.name} changed: ${sentenceOf(different)}`)),
      Effect.catch(refusedAs(wanted.name, sentenceOf(different)))
    )
}

/** No peers yet, or somebody made the same stream in this instant: worth another attempt. */
const passing = new Set([10_005, 10_058])

const isRefusal = (cause: unknown): cause is JetStreamApiError =>
  cause instanceof JetStreamApiError && !isMissing(cause) && cause.status !== 503 && !passing.has(cause.code)

/** Errors that JetStream answers with are permanent, except the passing ones; anything else may be retried. */
const refusedAs =
  (stream: string, what: string) =>
  (failed: NatsFailed): Effect.Effect<never, NatsFailed | StreamRefused> =>
    isRefusal(failed.cause) ? refusal(stream, `${what}: ${failed.cause.message}`) : Effect.fail(failed)

/** Creates or changes one stream until it is as wanted. */
export const ensureStream = (
  nats: Nats["Service"],
  wanted: WantedStream
): Effect.Effect<StreamInfo, NatsFailed | StreamRefused> => {
  const { streams } = nats.manager
  const create = nats
    .request(() => streams.add({ ...wanted }))
    .pipe(
      Effect.tap(() => Effect.logInfo(`stream ${wanted.name} created`)),
      Effect.catch(refusedAs(wanted.name, "cannot be created"))
    )
  return nats
    .request(() => streams.info(wanted.name))
    .pipe(
      Effect.catch((failed) => (isMissing(failed.cause) ? create : Effect.fail(failed))),
      Effect.flatMap((info) => {
        const different = differences(wanted, info.config)
        return different.length === 0 ? Effect.succeed(info) : change(nats, wanted, different)
      })
    )
}
