/** Writers of service calls over stores that fail on command, and what was heard from them in a form that can be compared. */
import * as Call from "./ServiceCallSample.ts"
import type { Envelope } from "@dueline/contracts/Envelope"
import { type Intent, Intents } from "@dueline/contracts/Intent"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { rowId } from "@dueline/contracts/kinds"
import type {
  ServiceCallCommand,
  ServiceCallOutcome,
  ServiceCallRejection
} from "@dueline/contracts/serviceCall/Command"
import { Cause, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { defaultWriterOptions, makeWriter, type Writer, type WriterOptions } from "../src/engine/Writer.ts"
import { ServiceCall } from "../src/aggregates/service-call/ServiceCall.ts"
import type { FaultyStore } from "./FaultyStore.ts"

type Plain = Writer<ServiceCallCommand, ServiceCallRejection, ServiceCallOutcome>
type Offer = Plain["offer"]
type Exited = Parameters<Parameters<Offer>[1]>[0]
type Asked = [Exited] extends [Exit.Exit<infer A, infer E>] ? Effect.Effect<A, E> : never

/** A writer that can be asked by an effect too. */
export interface CallWriter extends Plain {
  readonly ask: (envelope: Envelope<ServiceCallCommand>) => Asked
}

export const writerOn = (store: FaultyStore, options: Partial<WriterOptions> = {}, published: Array<Intent> = []) =>
  makeWriter(ServiceCall, { ...defaultWriterOptions, ...options }).pipe(
    Effect.map((writer): CallWriter => {
      return { ...writer, ask: (envelope) => Effect.callback((resume) => writer.offer(envelope, resume)) }
    }),
    Effect.provideService(Persistence, store.persistence),
    Effect.provideService(Intents, { publish: (intents) => published.push(...intents), subscribe: () => {} })
  )

type Heard = Effect.Success<ReturnType<CallWriter["ask"]>>

/** `Cancelled 2`, `Cancelled 2 replayed`, the tag of a refusal, or `defect`. */
export const said = (exit: Exit.Exit<Heard, { readonly _tag: string }>): string => {
  if (Exit.isSuccess(exit)) {
    const { outcome, replayed, version } = exit.value
    return `${outcome._tag} ${version}${replayed ? " replayed" : ""}`
  }
  const error = Cause.findErrorOption(exit.cause)
  return error._tag === "Some" ? error.value._tag : "defect"
}

/** Asks all of them at the same moment, lets a minute pass for whatever retries there are, and hears the answers in order. */
export const askAll = Effect.fnUntraced(function* (
  writer: CallWriter,
  envelopes: ReadonlyArray<Envelope<ServiceCallCommand>>
) {
  const fibers = yield* Effect.forEach(envelopes, (one) =>
    Effect.forkChild(writer.ask(one), { startImmediately: true })
  )
  yield* TestClock.adjust("1 minute")
  return yield* Effect.forEach(fibers, (fiber) => Effect.map(Fiber.await(fiber), said))
})

export const ask = (writer: CallWriter, envelope: Envelope<ServiceCallCommand>) =>
  Effect.map(askAll(writer, [envelope]), ([answer]) => answer)

/** What is stored of every stream: versions must be 1, 2, 3, …, and the row must be that of the last one. */
export const streamsIn = (store: FaultyStore): Readonly<Record<string, ReadonlyArray<string>>> => {
  const { events, rows } = store.memory.dump()
  const streams: Record<string, Array<string>> = {}
  for (const { event, streamId } of events) {
    const types = (streams[streamId] ??= [])
    types.push(event.type)
    if (event.version !== types.length)
      throw new Error(`version ${event.version} of ${streamId} comes as number ${types.length}`)
  }
  for (const row of rows) {
    if (streams[rowId(row)]?.length !== row.version)
      throw new Error(`the row of ${rowId(row)} is not that of its last event`)
  }
  return streams
}

export const one = (id = Call.callId) => ({
  submit: Call.envelope(Call.submit({ callId: id })),
  cancel: Call.envelope(Call.cancel({ callId: id })),
  due: Call.envelope(Call.due({ callId: id })),
  reschedule: Call.envelope(Call.reschedule({ callId: id }))
})
