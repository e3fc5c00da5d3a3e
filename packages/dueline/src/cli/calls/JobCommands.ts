/** `dueline jobs …`: one thing done to all that a filter chooses. Only the words and flags are here. */
import { StorableText } from "@dueline/contracts/api/Wire"
import { BulkAction, BulkJobId, BulkJobStatus, maxBulkRate } from "@dueline/contracts/bulkJob/BulkJob"
import { ItemOutcome } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import { maxTags, Tag } from "@dueline/contracts/serviceCall/Spec"
import { ServiceCallStatus } from "@dueline/contracts/serviceCall/Command"
import { Schema } from "effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { letterFlags } from "../intake/MessageCommands.ts"
import {
  callFlags,
  durationText,
  idArgument,
  ifMatch,
  instant,
  loadWhenRun,
  optional,
  textFlag,
  wholeNumber,
  switchFlag
} from "../flags.ts"

const word = StorableText.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(200))
const some = "6d2b8a4c-1e77-8c3a-9e7f-0f4c2a6e5b1d"
const example = (command: string, description: string) => ({ command: `dueline jobs ${command}`, description })

const rate = optional(wholeNumber("rate", "Items a second (default 50)", 1, maxBulkRate))

/** The others are planned by `schedule backfill` and `subscription redeliver`. */
const chosenActions = BulkAction.literals.filter(
  (action) => action !== "backfill-schedule" && action !== "redeliver-messages"
)

const plan = Command.make(
  "plan",
  {
    action: Argument.Literals("action", chosenActions).pipe(Argument.withDescription("What is to be done")),
    status: optional(
      Flag.Literals("status", ServiceCallStatus.literals).pipe(Flag.withDescription("Only calls in this status"))
    ),
    tag: textFlag("tag", Tag, "1 to 64 letters, digits and _.:=/-").pipe(
      Flag.withMetavar("tag"),
      Flag.withDescription("Only calls with this tag; may be repeated, all must match"),
      Flag.atLeast(0),
      Flag.filter(
        (given) => given.length <= maxTags,
        () => `${maxTags} tags at the most`
      )
    ),
    q: optional(
      textFlag("q", word, "1 to 200 characters, none of them U+0000").pipe(
        Flag.withMetavar("text"),
        Flag.withDescription("Only calls with this in their URL, in either case")
      )
    ),
    dueFrom: instant("due-from", "Only calls due at or after this time"),
    dueTo: instant("due-to", "Only calls due before this time"),
    ...letterFlags,
    moveTo: instant("move-to", "For move-calls: when all of them are to be due"),
    moveBy: optional(durationText("move-by", "For move-calls: how much later than now each is due"))
  },
  loadWhenRun(
    () => import("./jobs.ts"),
    ({ planJob }) => planJob
  )
).pipe(
  Command.withDescription("See what a job would do. Nothing is touched; the token starts it within 15 minutes."),
  Command.withExamples([
    example("plan run-calls --tag invoice", "Failed calls with a tag"),
    example("plan replay-dead-letters --group order-notifications --reason timeout", "What one group gave up"),
    example("plan move-calls --q example.com --move-by 2h", "Calls to a target, two hours later")
  ])
)

const start = Command.make(
  "start",
  {
    token: Argument.String("token").pipe(
      Argument.withDescription("Of a plan; - reads it from standard input, @file from a file")
    ),
    rate,
    watch: switchFlag("watch", "Follow it to its end")
  },
  loadWhenRun(
    () => import("./jobs.ts"),
    ({ startJob }) => startJob
  )
).pipe(
  Command.withDescription("Start a job from the token of a plan. The same token again is the same job."),
  Command.withExamples([
    {
      command: "dueline jobs plan run-calls --tag invoice --json | jq -r .token | dueline jobs start - --watch",
      description: "Without a look at the plan"
    }
  ])
)

const jobId = idArgument(BulkJobId, `the id of a job, e.g. ${some}`, "The id of the job")

const list = Command.make(
  "list",
  {
    status: optional(
      Flag.Literals("status", BulkJobStatus.literals).pipe(Flag.withDescription("Only jobs in this status"))
    ),
    limit: wholeNumber("limit", "How many at the most", 1, 200).pipe(Flag.withDefault(20))
  },
  loadWhenRun(
    () => import("./jobs.ts"),
    ({ listJobs }) => listJobs
  )
).pipe(
  Command.withDescription("List jobs, newest first"),
  Command.withExamples([example("list --status Running", "What goes on")])
)

const show = Command.make(
  "show",
  {
    id: jobId,
    items: optional(
      Flag.Literals("items", ItemOutcome.literals).pipe(
        Flag.withDescription("The first 200 items that it came to this with, too")
      )
    )
  },
  loadWhenRun(
    () => import("./jobs.ts"),
    ({ showJob }) => showJob
  )
).pipe(
  Command.withDescription("Show one job and how far it is"),
  Command.withExamples([example(`show ${some} --items failed`, "What could not be done, and why")])
)

const watch = Command.make(
  "watch",
  { id: jobId },
  loadWhenRun(
    () => import("./jobs.ts"),
    ({ watchJob }) => watchJob
  )
).pipe(
  Command.withDescription("Follow a job to its end. Exit code: 0 completed, 3 completed with failures, 4 aborted."),
  Command.withShortDescription("Follow a job to its end"),
  Command.withExamples([example(`watch ${some}`, "With a bar, in a terminal")])
)

const change = (name: "pause" | "resume" | "abort", description: string) =>
  Command.make(
    name,
    { id: jobId, ifMatch },
    loadWhenRun(
      () => import("./jobs.ts"),
      ({ changeJob }) => changeJob(name)
    )
  ).pipe(Command.withDescription(description), Command.withExamples([example(`${name} ${some}`, description)]))

export const jobs = Command.make("jobs").pipe(
  Command.withDescription(
    "Cancel, move or run again many calls, or replay many dead letters: planned first, then done"
  ),
  Command.withSubcommands([
    plan,
    start,
    list,
    show,
    watch,
    change("pause", "Let a job pause"),
    change("resume", "Let a paused job go on"),
    change("abort", "Abort a job, for good")
  ]),
  Command.withGlobalFlags(callFlags)
)
