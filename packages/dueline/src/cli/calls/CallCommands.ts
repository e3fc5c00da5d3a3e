/** `dueline call …`: what can be asked about service calls. Only the words and flags are here; what they do is loaded when asked for. */
import { StorableText } from "@dueline/contracts/api/Wire"
import { HttpMethod, maxTags, Tag } from "@dueline/contracts/serviceCall/Spec"
import { ServiceCallStatus } from "@dueline/contracts/serviceCall/Command"
import { Schema } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { flowFlags } from "./flowFlags.ts"
import {
  asOf,
  callFlags,
  callId,
  delay,
  dueAt,
  durationBetween,
  ifMatch,
  instant,
  key,
  loadWhenRun,
  optional,
  textFlag,
  wholeNumber,
  switchFlag
} from "../flags.ts"

const searchText = StorableText.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(200))
const example = (command: string, description: string) => ({ command: `dueline call ${command}`, description })
const some = "018f3c1e-7b5a-8c3d-9e2f-0a1b2c3d4e5f"

const tags = (description: string) =>
  textFlag("tag", Tag, "1 to 64 letters, digits and _.:=/-").pipe(
    Flag.withMetavar("tag"),
    Flag.withDescription(description),
    Flag.atLeast(0),
    Flag.filter(
      (given) => given.length <= maxTags,
      () => `${maxTags} tags at the most`
    )
  )

const submitFlags = {
  url: Flag.String("url").pipe(Flag.withMetavar("url"), Flag.withDescription("The address to call, http or https")),
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
      Flag.withDescription("What to send, as it is; @file reads a file, - reads standard input")
    )
  ),
  jsonBody: optional(
    Flag.String("json-body").pipe(
      Flag.withMetavar("json"),
      Flag.withDescription("What to send, as JSON; @file reads a file, - reads standard input")
    )
  ),
  delay,
  dueAt,
  tags: tags("A word to find it by; may be repeated"),
  ...flowFlags,
  maxAttempts: optional(wholeNumber("max-attempts", "How often to try at the most (default 5)", 1, 50)),
  timeoutMs: optional(durationBetween("timeout", "How long one attempt may take (default 30s)", 100, 300_000)),
  key,
  wait: optional(wholeNumber("wait", "Wait up to so many seconds for the call to end", 0, 30))
}

const submit = Command.make(
  "submit",
  submitFlags,
  loadWhenRun(
    () => import("./calls.ts"),
    ({ submitCall }) => submitCall
  )
).pipe(
  Command.withDescription("Submit an HTTP call to be made when it is due. Without --delay and --due-at it is due now."),
  Command.withShortDescription("Submit an HTTP call to be made when it is due"),
  Command.withExamples([
    example("submit --url https://example.com/hooks/42 --delay 3s", "In three seconds"),
    example(
      `submit --url https://example.com/hooks/42 --json-body '{"hello":"world"}' --key invoice-42`,
      "Safe to repeat"
    ),
    example("submit --url https://example.com/ping --wait 10 --json", "Now, and wait for its end")
  ])
)

const listFlags = {
  status: optional(
    Flag.Literals("status", ServiceCallStatus.literals).pipe(Flag.withDescription("Only calls in this status"))
  ),
  tag: tags("Only calls with this tag; may be repeated, all must match"),
  q: optional(
    textFlag("q", searchText, "1 to 200 characters, none of them U+0000").pipe(
      Flag.withMetavar("text"),
      Flag.withDescription("Only calls with this in their URL, in either case")
    )
  ),
  dueFrom: instant("due-from", "Only calls due at or after this time"),
  dueTo: instant("due-to", "Only calls due before this time"),
  limit: wholeNumber("limit", "How many at the most; with --all, how many to ask for at a time", 1, 200).pipe(
    Flag.withDefault(20)
  ),
  cursor: optional(Flag.String("cursor").pipe(Flag.withDescription("Go on after a list that was cut off here"))),
  all: switchFlag("all", "All of them; with --json, one call a line")
}

const list = Command.make(
  "list",
  listFlags,
  loadWhenRun(
    () => import("./calls.ts"),
    ({ listCalls }) => listCalls
  )
).pipe(
  Command.withDescription("List service calls, newest first"),
  Command.withExamples([
    example("list --status Failed", "What went wrong"),
    example("list --tag invoice:42 --all --json", "All calls with a tag, one JSON document a line")
  ])
)

const showFlags = {
  id: callId,
  events: switchFlag("events", "Its history too, event by event"),
  asOf
}

const show = Command.make(
  "show",
  showFlags,
  loadWhenRun(
    () => import("./calls.ts"),
    ({ showCall }) => showCall
  )
).pipe(
  Command.withDescription("Show one service call with every attempt"),
  Command.withExamples([
    example(`show ${some} --events`, "With its history"),
    example(`show ${some} --as-of 1`, "As it was submitted")
  ])
)

const changeFlags = { id: callId, ifMatch, key }

const cancel = Command.make(
  "cancel",
  changeFlags,
  loadWhenRun(
    () => import("./calls.ts"),
    ({ cancelCall }) => cancelCall
  )
).pipe(
  Command.withDescription("Cancel a service call, so that no (further) request is made"),
  Command.withExamples([example(`cancel ${some}`, "Refused when it has already been made")])
)

const rescheduleFlags = { ...changeFlags, delay, dueAt }

const reschedule = Command.make(
  "reschedule",
  rescheduleFlags,
  loadWhenRun(
    () => import("./calls.ts"),
    ({ rescheduleCall }) => rescheduleCall
  )
).pipe(
  Command.withDescription("Move a service call to another time. Without --if-match the present version is meant."),
  Command.withShortDescription("Move a service call to another time"),
  Command.withExamples([
    example(`reschedule ${some} --delay 2h`, "Two hours from now"),
    example(`reschedule ${some} --due-at 2026-01-31T09:00:00+01:00`, "To a time")
  ])
)

const run = Command.make(
  "run",
  changeFlags,
  loadWhenRun(
    () => import("./calls.ts"),
    ({ runCall }) => runCall
  )
).pipe(
  Command.withDescription("Run a failed service call again, now"),
  Command.withExamples([example(`run ${some}`, "Once what it calls works again")])
)

const watch = Command.make(
  "watch",
  { id: callId },
  loadWhenRun(
    () => import("./calls.ts"),
    ({ watchCall }) => watchCall
  )
).pipe(
  Command.withDescription(
    "Follow a service call until it has ended, printing each event as it comes. Exit code: 0 succeeded, 3 failed, 4 cancelled."
  ),
  Command.withShortDescription("Follow a service call until it has ended"),
  Command.withExamples([example(`watch ${some} && echo done`, "Go on when it has succeeded")])
)

export const call = Command.make("call").pipe(
  Command.withDescription("Submit, see and change service calls of a running program"),
  Command.withSubcommands([submit, list, show, cancel, reschedule, run, watch]),
  Command.withGlobalFlags(callFlags)
)
