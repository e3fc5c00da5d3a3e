/** The HTTP operations on dead letters: messages that the outbox or a group of consumers has given up, and what came in and failed. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { DeadLetterId, DeadLetterState } from "../ports/DeadLetters.ts"
import { StreamId } from "../Ids.ts"
import { BearerAuth, RequestChecks, RequiredScope } from "./Access.ts"
import { bulkJobExample, BulkJobState } from "../bulkJob/BulkJobEndpoints.ts"
import { created, described, idParameter, NextCursor, paged, parameter } from "./conventions.ts"
import { creationErrors, problems } from "./ProblemError.ts"
import { CountedAs, RateLimit } from "./RateLimit.ts"
import { Instant, StorableText, Timestamp } from "./Wire.ts"

/** What stands for the outbox where groups of consumers are named. */
export const outboxGroup = "outbox"

const Word = StorableText.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(200))

/** What dead letters are chosen by, in lists and jobs alike. */
export const letterFilter = {
  topic: Schema.optionalKey(Word.annotate({ description: "Only those of this topic" })),
  group: Schema.optionalKey(
    Word.annotate({
      description: `Only those of this group of consumers; \`${outboxGroup}\` for what never reached the bus`
    })
  ),
  reason: Schema.optionalKey(Word.annotate({ description: "Part of the last reason, in either case" })),
  from: Schema.optionalKey(Instant.annotate({ description: "Given up at or after" })),
  to: Schema.optionalKey(Instant.annotate({ description: "Given up before" }))
}

const summary = {
  id: DeadLetterId,
  state: DeadLetterState,
  topic: Schema.String,
  group: Schema.String.annotate({ description: `Who gave it up; \`${outboxGroup}\`: it never reached the bus` }),
  eventId: Schema.String,
  streamId: StreamId.annotate({ description: "The id of what the message is about" }),
  failures: Schema.Int.annotate({ description: "Attempts that failed, those of its replays included" }),
  reason: Schema.String.annotate({ description: "Of the last attempt" }),
  diedAt: Timestamp,
  replays: Schema.Int,
  replayedAt: Schema.NullOr(Timestamp),
  links: Schema.Struct({
    self: Schema.String,
    job: Schema.NullOr(Schema.String).annotate({ description: "The job that replayed it last" })
  })
}

export const DeadLetterSummary = Schema.Struct(summary).annotate({ identifier: "DeadLetterSummary" })
export type DeadLetterSummary = typeof DeadLetterSummary.Type

export const DeadLetterView = Schema.Struct({
  ...summary,
  payload: Schema.Json.annotate({
    description: "The message as it was to be delivered; without secrets, as every message"
  }),
  attempts: Schema.Array(Schema.Struct({ at: Schema.NullOr(Timestamp), error: Schema.String })).annotate({
    description: "The last 20 that failed, oldest first; `at` is null where it was not kept"
  })
}).annotate({ identifier: "DeadLetter" })
export type DeadLetterView = typeof DeadLetterView.Type

const DeadLetterPage = Schema.Struct({ items: Schema.Array(DeadLetterSummary), nextCursor: NextCursor }).annotate({
  identifier: "DeadLetterPage"
})

const id = "5b0e7d2a-4c81-4e93-a1f6-9d0e7b2a543c" as DeadLetterId
const self = `/v1/dead-letters/${id}`
const example: DeadLetterSummary = {
  id,
  state: "Waiting",
  topic: "ops.order.scheduled",
  group: "order-notifications",
  eventId: "019c0de0-0e01-7000-8000-00000000e001",
  streamId: "4a7d0c93-15e8-8b2f-9c64-7f1e3d5b8a20" as StreamId,
  failures: 10,
  reason: "no verdict within 60000 ms",
  diedAt: "2026-01-31T09:40:00.000Z",
  replays: 0,
  replayedAt: null,
  links: { self, job: null }
}

const list = HttpApiEndpoint.get("list", "/", {
  query: {
    ...paged,
    state: parameter(Schema.optionalKey(DeadLetterState), "Only those in this state"),
    topic: parameter(letterFilter.topic, "Only those of this topic"),
    group: parameter(
      letterFilter.group,
      `Only those of this group of consumers; \`${outboxGroup}\` for what never reached the bus`
    ),
    reason: parameter(letterFilter.reason, "Part of the last reason, in either case"),
    from: parameter(letterFilter.from, "Given up at or after"),
    to: parameter(letterFilter.to, "Given up before")
  },
  success: DeadLetterPage,
  error: problems.Unavailable
})
  .annotate(RequiredScope, "ops:dead-letters.read")
  .annotateMerge(
    described("List dead letters, newest first", "Filters are joined by *and*.", {
      200: { items: [example], nextCursor: null }
    })
  )

const get = HttpApiEndpoint.get("get", "/:id", {
  params: { id: idParameter(DeadLetterId) },
  success: DeadLetterView,
  error: [problems.NotFound, problems.Unavailable]
})
  .annotate(RequiredScope, "ops:dead-letters.read")
  .annotateMerge(
    described("One dead letter", "With the message, and why each attempt failed.", {
      200: { ...example, payload: { schemaVersion: 1 }, attempts: [{ at: null, error: "no verdict within 60000 ms" }] }
    })
  )

const replay = HttpApiEndpoint.post("replay", "/:id/replay", {
  params: { id: idParameter(DeadLetterId) },
  success: HttpApiSchema.WithHeaders(BulkJobState.pipe(HttpApiSchema.status(202)), created),
  error: [...creationErrors, problems.NotFound, problems.Conflict]
})
  .annotate(RequiredScope, "ops:dead-letters.write")
  .annotateMerge(
    described(
      "Replay one dead letter",
      "The message goes once more to the group that gave it up, and to no other: a job of one item does that. Asked again meanwhile, it is the same " +
        "job; given up again, the letter waits again.",
      {
        202: {
          ...bulkJobExample,
          action: "replay-dead-letters",
          filter: {},
          deadLetter: id,
          plan: { ...bulkJobExample.plan, count: 1 }
        }
      }
    )
  )

export class DeadLetters extends HttpApiGroup.make("dead-letters")
  .add(replay)
  .middleware(RateLimit)
  .add(list, get)
  .prefix("/v1/dead-letters")
  .middleware(RequestChecks)
  .middleware(BearerAuth)
  .annotate(CountedAs, "jobs")
  .annotateMerge(
    OpenApi.annotations({
      title: "Dead letters",
      description: "Messages that could not be delivered, why, and what became of them since."
    })
  ) {}
