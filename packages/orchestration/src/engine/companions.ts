/**
 * What the commands of a batch bring about in streams of another kind that may be there already, in the same commit: decided together by the writer
 * of that kind, which commits nothing else meanwhile, and durable together with the batch or not at all. Tried once. What could not be stored
 * together is asked for by itself.
 */
import type { Envelope } from "@dueline/contracts/Envelope"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { type Effect, Result } from "effect"
import type { CachedStream } from "./storedForms.ts"
import { type Decided, type Loaded, type Request, streamKey } from "./decideBatch.ts"
import { type Together, unsureOf } from "./joinedWith.ts"
import type { Joined } from "./joint.ts"

/** What a command that begins a stream is to have in its commit. */
export interface Companion<C> {
  /** Asked of the other kind. */
  readonly other: Envelope<never>
  /** Whether what was answered lets the command be followed by the next. */
  readonly accepts: (outcome: never) => boolean
  /** Follows on the command once the other is accepted. */
  readonly next: Envelope<C>
}

/** `taken`: by companion, whether it is among the commits. A stream that one is refused about has none. */
export interface JoinedAll extends Joined {
  readonly taken: ReadonlyArray<boolean>
}

export interface Companions<C> {
  readonly of: (envelope: Envelope<C>) => Companion<C> | null
  /** The message that asks for what stands in the same commit: nobody needs to be told. */
  readonly topic: string
  readonly join: <A, E>(
    companions: ReadonlyArray<Companion<C>>,
    use: (joined: JoinedAll) => Effect.Effect<A, E>
  ) => Effect.Effect<A, E | StoreUnavailable>
}

/** Of the commands that begin a stream, which is there neither before nor since another of the batch. */
export const companionsIn = <C>(
  { of }: Companions<C>,
  batch: ReadonlyArray<Request<C>>,
  { cached, streams }: { readonly [K in "cached" | "streams"]: Loaded<unknown, unknown>[K] }
): ReadonlyMap<Request<C>, Companion<C>> => {
  const found = new Map<Request<C>, Companion<C>>()
  const seen = new Set<string>()
  batch.forEach((request, i) => {
    const { envelope, key } = request
    const before: CachedStream<unknown, unknown> | undefined = cached[i] ?? streams.get(key)
    const isFirst = !seen.has(key) && (before?.version ?? 0) === 0
    seen.add(key)
    const companion = isFirst ? of(envelope) : null
    if (companion !== null) found.set(request, companion)
  })
  return found
}

/** The batch with what follows on those whose companions are taken. */
export const followedBy = <C>(
  batch: ReadonlyArray<Request<C>>,
  found: ReadonlyMap<Request<C>, Companion<C>>,
  { taken }: JoinedAll
): ReadonlyArray<Request<C>> => {
  const nexts = new Map([...found].filter((_, i) => taken[i] === true).map(([request, { next }]) => [request, next]))
  return batch.map((request) => ({ ...request, next: nexts.get(request) ?? null }))
}

/** Null when nothing follows, or what does is refused. */
export const togetherWith = <C>(
  { topic }: Companions<C>,
  followed: ReadonlyArray<Request<C>>,
  { commits, nextAnswers }: Pick<Decided<C, unknown, unknown, unknown, unknown>, "commits" | "nextAnswers">,
  joined: JoinedAll
): Together | null => {
  const done = new Set<string>()
  for (const [i, { key, next }] of followed.entries()) {
    if (next === undefined || next === null) continue
    const answer = nextAnswers[i]
    if (answer === undefined || Result.isFailure(answer)) return null
    done.add(key)
  }
  if (done.size === 0) return null
  const spared = commits.map((commit) => {
    if (!done.has(streamKey(commit.tenantId, commit.streamId))) return commit
    const outbox = commit.outbox.map((message) =>
      message.topic === topic ? { ...message, unheard: true as const } : message
    )
    return { ...commit, outbox }
  })
  return {
    commits: [...spared, ...joined.commits],
    stored: joined.stored,
    dropped: (cause) => joined.dropped(unsureOf(cause))
  }
}
