/**
 * Submits calls one by one as far as the caller can see, and together on the wire: whatever is asked for within one turn of the event loop
 * goes in one request. Each caller hears of its own call, once that is durable.
 */
import { BatchItem, batchLimit } from "@dueline/contracts/api/ServiceCallRequest"
import type { SubmittedBatch } from "@dueline/contracts/api/ServiceCallView"
import { Internal, Unavailable, Unprocessable } from "@dueline/contracts/api/ProblemError"
import { Array as Arr, type Cause, Effect, Exit, Request, RequestResolver, Schema } from "effect"
import type { DuelineClient } from "./DuelineClient.ts"

type Item = SubmittedBatch["items"][number]
/** The call as it was accepted. `replayed`: under this key it had been submitted before. */
export type Submitted = Extract<Item, { readonly status: 202 }>

type Failure = Effect.Error<ReturnType<DuelineClient["serviceCalls"]["submitBatch"]>>

/** Why one call was not accepted, or perhaps not. */
type Refusal = Unprocessable | Internal | Unavailable

interface SubmitCall extends Request.Request<Submitted, Failure | Refusal> {
  readonly _tag: "SubmitCall"
  readonly item: BatchItem
}
const SubmitCall = Request.tagged<SubmitCall>("SubmitCall")

type Entry = Request.Entry<SubmitCall>
type Entries = Arr.NonEmptyReadonlyArray<Entry>

const isItem = Schema.is(BatchItem)

/** Bytes of one request's items; the edge takes 256 KiB, and something stands around them. */
const sizeLimit = 240 * 1_024

const encoder = new TextEncoder()
const sizeOf = ({ request }: Entry): number => encoder.encode(JSON.stringify(request.item)).length

/** In their order, each part small enough for one request; an item that is too large for any goes alone and is refused. */
const inParts = (entries: Entries): ReadonlyArray<Entries> => {
  const parts: Array<[Entry, ...Array<Entry>]> = []
  let room = 0
  for (const entry of entries) {
    const size = sizeOf(entry)
    const part = parts.at(-1)
    if (part === undefined || size > room) {
      parts.push([entry])
      room = sizeLimit - size
    } else {
      part.push(entry)
      room -= size
    }
  }
  return parts
}

const exitOf = (item: Item): Exit.Exit<Submitted, Refusal> => {
  switch (item.status) {
    case 202:
      return Exit.succeed(item)
    case 422:
      return Exit.fail(new Unprocessable(item.problem))
    case 500:
      return Exit.fail(new Internal(item.problem))
    case 503:
      return Exit.fail(new Unavailable(item.problem))
  }
}

/** `batchSize`: submissions in one request at the most, 1 to 100. */
export const make = ({ serviceCalls }: DuelineClient, options: { readonly batchSize?: number } = {}) => {
  const ask = (entries: Entries) =>
    Effect.map(
      serviceCalls.submitBatch({ payload: { items: entries.map(({ request }) => request.item) } }),
      ({ items }) =>
        entries.forEach((entry, i) => {
          const item = items[i]
          entry.completeUnsafe(
            item === undefined ? Exit.die(new Error("a batch was answered with too few items")) : exitOf(item)
          )
        })
    )

  const refuse = (entries: ReadonlyArray<Entry>, cause: Cause.Cause<Failure>) =>
    Effect.sync(() => entries.forEach((entry) => entry.completeUnsafe(Exit.failCause(cause))))

  /** An item that cannot even be written down as the API wants it keeps its neighbours from being sent. They go without it then. */
  const send = (entries: Entries): Effect.Effect<void> =>
    Effect.catchCause(ask(entries), (cause) => {
      const sound = entries.filter(({ request }) => isItem(request.item))
      if (!Arr.isArrayNonEmpty(sound) || sound.length === entries.length) return refuse(entries, cause)
      return Effect.andThen(
        refuse(
          entries.filter((entry) => !sound.includes(entry)),
          cause
        ),
        send(sound)
      )
    })

  const resolver = RequestResolver.make<SubmitCall>((entries) =>
    Effect.forEach(inParts(entries), send, { concurrency: "unbounded", discard: true })
  ).pipe(RequestResolver.batchN(options.batchSize ?? batchLimit))

  return {
    /** Fails with `Unprocessable`, `Internal` or `Unavailable` for this call alone, with anything else for all that went with it. */
    submit: (item: BatchItem): Effect.Effect<Submitted, Failure | Refusal> =>
      Effect.request(SubmitCall({ item }), resolver)
  }
}

export type CallSubmitter = ReturnType<typeof make>
