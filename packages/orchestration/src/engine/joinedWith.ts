/** A batch's commits together with those of another kind that its commands bring about, and what is told of these afterwards. */
import {
  type Commit,
  type CommitConflict,
  type RuleBroken,
  StoreUnavailable
} from "@dueline/contracts/ports/Persistence"
import { Cause, Exit, Option } from "effect"
import { type Request, streamKey } from "./decideBatch.ts"
import type { Joined, Joint } from "./joint.ts"

export interface Together {
  readonly commits: ReadonlyArray<Commit>
  readonly stored: () => void
  readonly dropped: (cause: Cause.Cause<CommitConflict | RuleBroken | StoreUnavailable>) => void
}

/** A refusal says that nothing was stored. */
export const unsureOf = (cause: Parameters<Together["dropped"]>[0]): Exit.Exit<never, StoreUnavailable> | null => {
  const error = Option.getOrNull(Cause.findErrorOption(cause))
  if (error?._tag === "CommitConflict" || error?._tag === "RuleBroken") return null
  return Exit.fail(error ?? new StoreUnavailable({ operation: "commit", cause: Cause.squash(cause) }))
}

/** Null when nothing is joined: no command of the batch brings anything about, or none of those that would has decided anything. */
export const joinedWith = <C>(batch: ReadonlyArray<Request<C>>, commits: ReadonlyArray<Commit>): Together | null => {
  if (batch.every(({ joint }) => joint === undefined || joint === null)) return null
  const byStream = new Map(commits.map((commit) => [streamKey(commit.tenantId, commit.streamId), commit]))
  const parts: Array<readonly [Joint, Joined]> = []
  /** By event: the message of it that nobody needs. */
  const needless = new Map<string, string>()
  for (const { envelope, joint, key } of batch) {
    if (joint === undefined || joint === null) continue
    const events = byStream.get(key)?.events.filter(({ metadata }) => metadata.commandId === envelope.commandId) ?? []
    const part = events.length === 0 ? null : joint.decide()
    if (part === null) continue
    parts.push([joint, part])
    for (const { eventId } of events) needless.set(eventId, joint.topic)
  }
  if (parts.length === 0) return null
  const spared = commits.map((commit) => ({
    ...commit,
    outbox: commit.outbox.map((message) =>
      needless.get(message.eventId) === message.topic ? { ...message, unheard: true as const } : message
    )
  }))
  return {
    commits: [...spared, ...parts.flatMap(([, part]) => part.commits)],
    stored: () => {
      for (const [joint, part] of parts) {
        part.stored()
        joint.stored()
      }
    },
    dropped: (cause) => {
      const unsure = unsureOf(cause)
      for (const [, part] of parts) part.dropped(unsure)
    }
  }
}
