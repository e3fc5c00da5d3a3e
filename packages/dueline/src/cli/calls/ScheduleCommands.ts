/** `dueline schedule …`: what can be asked about calls that come again. Only the words and flags are here. */
import { maxBulkRate } from "@dueline/contracts/bulkJob/BulkJob"
import { Missed, Overlap, ScheduleId, ScheduleName, ScheduleStatus } from "@dueline/contracts/schedule/Schedule"
import { maxPreview } from "@dueline/contracts/schedule/ScheduleBodies"
import { MissingHour, RepeatedHour } from "@dueline/contracts/schedule/Timing"
import { HttpMethod } from "@dueline/contracts/serviceCall/Spec"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { flowFlags } from "./flowFlags.ts"
import {
  callFlags,
  durationText,
  givenInstant,
  idArgument,
  instant,
  key,
  loadWhenRun,
  optional,
  textFlag,
  wholeNumber,
  switchFlag
} from "../flags.ts"

const example = (command: string, description: string) => ({ command: `dueline schedule ${command}`, description })
const some = "018f3c1e-7b5a-8c3d-9e2f-0a1b2c3d4e5f"
const id = idArgument(ScheduleId, "the id of a schedule", "The id of the schedule")

const rule = {
  cron: optional(
    Flag.String("cron").pipe(
      Flag.withMetavar("expression"),
      Flag.withDescription("Minute, hour, day of month, month, day of week; or @daily and the like")
    )
  ),
  every: optional(durationText("every", "A fixed interval instead: 90s, 15m, 1d")),
  zone: Flag.String("zone").pipe(Flag.withMetavar("name"), Flag.withDescription("IANA time zone, e.g. Europe/Prague")),
  missingHour: optional(
    Flag.Literals("missing-hour", MissingHour.literals).pipe(
      Flag.withDescription("A time that clocks pass over (default shift)")
    )
  ),
  repeatedHour: optional(
    Flag.Literals("repeated-hour", RepeatedHour.literals).pipe(
      Flag.withDescription("A time that clocks show twice (default auto)")
    )
  ),
  from: instant("from", "Nothing before this time (RFC 3339)"),
  until: instant("until", "Nothing after this time (RFC 3339)")
}

const missedPolicies = Object.keys(Missed.cases).map((name) => name.toLowerCase()) as ReadonlyArray<
  "skip" | "last" | "all"
>

const create = Command.make(
  "create",
  {
    ...rule,
    url: Flag.String("url").pipe(
      Flag.withMetavar("url"),
      Flag.withDescription("The address to call; {{occurrence.date}} and the like stand for the time")
    ),
    method: optional(
      Flag.Literals("method", HttpMethod.literals).pipe(Flag.withDescription("Default: POST with a body, GET without"))
    ),
    headers: Flag.String("header").pipe(
      Flag.withMetavar("'name: value'"),
      Flag.withDescription("A header to send; may be repeated"),
      Flag.atLeast(0)
    ),
    body: optional(
      Flag.String("body").pipe(
        Flag.withMetavar("text"),
        Flag.withDescription("What to send; @file reads a file, - standard input")
      )
    ),
    jsonBody: optional(
      Flag.String("json-body").pipe(
        Flag.withMetavar("json"),
        Flag.withDescription("What to send, as JSON; @file reads a file, - standard input")
      )
    ),
    name: optional(
      textFlag("name", ScheduleName, "1 to 63 lower-case letters, digits and hyphens").pipe(
        Flag.withDescription("Its name")
      )
    ),
    jitter: optional(durationText("jitter", "Each call is due up to so much later, always by the same amount")),
    overlap: optional(
      Flag.Literals("overlap", Overlap.literals).pipe(
        Flag.withDescription("While the call before has not ended (default skip)")
      )
    ),
    missed: optional(
      Flag.Literals("missed", missedPolicies).pipe(
        Flag.withDescription("What is made up for after an outage (default last)")
      )
    ),
    missedMax: optional(wholeNumber("missed-max", "Of --missed all: the latest so many (default 10)", 1, 100)),
    missedWindow: optional(durationText("missed-window", "Nothing is made up for that is longer ago (default 1h)")),
    ...flowFlags,
    key
  },
  loadWhenRun(
    () => import("./schedules.ts"),
    ({ createSchedule }) => createSchedule
  )
).pipe(
  Command.withDescription("Have a call made again and again"),
  Command.withExamples([
    example('create --cron "30 2 * * *" --zone Europe/Prague --url https://example.com/reports', "Every night"),
    example("create --every 15m --zone UTC --url https://example.com/poll --overlap queue", "Every quarter of an hour")
  ])
)

const preview = Command.make(
  "preview",
  {
    id: optional(
      textFlag("id", ScheduleId, "the id of a schedule").pipe(Flag.withDescription("Of a schedule that is kept"))
    ),
    ...rule,
    zone: optional(rule.zone),
    after: instant("after", "The first ones after this time (default now)"),
    count: wholeNumber("count", "How many", 1, maxPreview).pipe(Flag.withDefault(10))
  },
  loadWhenRun(
    () => import("./schedules.ts"),
    ({ previewSchedule }) => previewSchedule
  )
).pipe(
  Command.withDescription("Show the next times, with changes of the clocks marked. Nothing is stored."),
  Command.withExamples([
    example('preview --cron "30 2 * * *" --zone Europe/Prague --after 2026-03-28T00:00:00Z', "Over a night")
  ])
)

const list = Command.make(
  "list",
  {
    name: optional(textFlag("name", ScheduleName, "a name").pipe(Flag.withDescription("Only those with this name"))),
    status: optional(
      Flag.Literals("status", ScheduleStatus.literals).pipe(Flag.withDescription("Only those in this state"))
    ),
    limit: wholeNumber("limit", "How many at the most", 1, 200).pipe(Flag.withDefault(50))
  },
  loadWhenRun(
    () => import("./schedules.ts"),
    ({ listSchedules }) => listSchedules
  )
).pipe(
  Command.withDescription("List schedules, newest first"),
  Command.withExamples([example("list --json", "As JSON")])
)

const show = Command.make(
  "show",
  { id },
  loadWhenRun(
    () => import("./schedules.ts"),
    ({ showSchedule }) => showSchedule
  )
).pipe(Command.withDescription("Show a schedule"), Command.withExamples([example(`show ${some}`, "All of it")]))

const pause = Command.make(
  "pause",
  {
    id,
    reason: optional(Flag.String("reason").pipe(Flag.withMetavar("text"), Flag.withDescription("Kept and shown"))),
    key
  },
  loadWhenRun(
    () => import("./schedules.ts"),
    ({ pauseSchedule }) => pauseSchedule
  )
).pipe(
  Command.withDescription("Pause a schedule"),
  Command.withExamples([example(`pause ${some} --reason "a fair"`, "With a reason")])
)

const change = (name: "resume" | "run" | "delete", description: string) =>
  Command.make(
    name,
    { id, key },
    loadWhenRun(
      () => import("./schedules.ts"),
      ({ changeSchedule }) => changeSchedule(name)
    )
  ).pipe(Command.withDescription(description), Command.withExamples([example(`${name} ${some}`, description)]))

const backfill = Command.make(
  "backfill",
  {
    id,
    from: givenInstant("from", "Times at or after this one (RFC 3339)"),
    to: givenInstant("to", "Times before this one, which has passed (RFC 3339)"),
    rate: optional(wholeNumber("rate", "Calls a second (default 50)", 1, maxBulkRate)),
    start: switchFlag("start", "Start the job at once, and follow it to its end")
  },
  loadWhenRun(
    () => import("./schedules.ts"),
    ({ backfillSchedule }) => backfillSchedule
  )
).pipe(
  Command.withDescription(
    "See which times of a range have passed, and call those that are no calls yet. Without --start nothing is touched."
  ),
  Command.withShortDescription("Call times that have passed after all"),
  Command.withExamples([
    example(`backfill ${some} --from 2026-03-01T00:00:00Z --to 2026-04-01T00:00:00Z`, "What March would be"),
    example(`backfill ${some} --from 2026-03-01T00:00:00Z --to 2026-04-01T00:00:00Z --rate 5 --start`, "Done")
  ])
)

export const schedule = Command.make("schedule").pipe(
  Command.withDescription("Have calls made again and again, and see when"),
  Command.withSubcommands([
    create,
    list,
    show,
    preview,
    pause,
    change("resume", "Resume a schedule: what came meanwhile is left out"),
    backfill,
    change("run", "Make its call now, once"),
    change("delete", "Delete a schedule for good")
  ]),
  Command.withGlobalFlags(callFlags)
)
