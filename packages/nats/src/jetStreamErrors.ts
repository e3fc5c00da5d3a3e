/** What JetStream's refusals mean. */
import { JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream"
import { InvalidArgumentError } from "@nats-io/nats-core"

const absent: ReadonlySet<number> = new Set([JetStreamApiCodes.StreamNotFound, JetStreamApiCodes.ConsumerNotFound])

/** The stream or the consumer that was asked for is not there. */
export const isMissing = (cause: unknown): boolean => cause instanceof JetStreamApiError && absent.has(cause.code)

/** Nobody takes what was published under this subject: its stream is gone. Also said by a server that has not got round to it yet. */
export const isUnheard = (cause: unknown): boolean => cause instanceof Error && cause.name === "JetStreamNotEnabled"

/** This message will be refused again as it is, e.g. for being too large; others may well be taken. */
export const isAboutTheMessage = (cause: unknown): boolean =>
  cause instanceof InvalidArgumentError || (cause instanceof JetStreamApiError && cause.status === 400)
