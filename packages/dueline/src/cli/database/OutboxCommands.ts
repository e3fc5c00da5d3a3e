/** `dueline outbox …`: messages that wait for the bus. Only the words and flags are here. */
import { StreamId } from "@dueline/contracts/Ids"
import { StorableText } from "@dueline/contracts/api/Wire"
import { Schema } from "effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { idArgument, loadWhenRun, optional, switchFlag, textFlag, wholeNumber } from "../flags.ts"

const some = "019c0de0-0e01-7000-8000-00000000e001"
const example = (command: string, description: string) => ({ command: `dueline outbox ${command}`, description })

const list = Command.make(
  "list",
  {
    topic: optional(
      textFlag(
        "topic",
        StorableText.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(200)),
        "1 to 200 characters, none of them U+0000"
      ).pipe(Flag.withMetavar("name"), Flag.withDescription("Only those of this topic"))
    ),
    failing: switchFlag("failing", "Only those that failed before"),
    limit: wholeNumber("limit", "How many at the most", 1, 1_000).pipe(Flag.withDefault(20))
  },
  loadWhenRun(
    () => import("./outbox.ts"),
    ({ listOutbox }) => listOutbox
  )
).pipe(
  Command.withDescription(
    "List the messages of all tenants that wait for the bus: how many of each topic and since when, then each, oldest first"
  ),
  Command.withShortDescription("List what waits for the bus, by topic and age"),
  Command.withExamples([example("list --failing", "What does not get out")])
)

const eventId = idArgument(StreamId, `the id of an event, e.g. ${some}`, "The id of the event that the message tells")

const show = Command.make(
  "show",
  { id: eventId },
  loadWhenRun(
    () => import("./outbox.ts"),
    ({ showWaiting }) => showWaiting
  )
).pipe(
  Command.withDescription("Show one message that waits: what it says, and why each attempt failed"),
  Command.withExamples([example(`show ${some}`, "All that is known of it")])
)

const retry = Command.make(
  "retry",
  { id: Argument.optional(eventId) },
  loadWhenRun(
    () => import("./outbox.ts"),
    ({ retryOutbox }) => retryOutbox
  )
).pipe(
  Command.withDescription(
    "Have what failed and waits for its next attempt tried now, one message or all: a dispatcher that works takes it within five seconds. " +
      "What was given up is a dead letter: dueline dlq replay"
  ),
  Command.withShortDescription("Have what waits for its next attempt tried now"),
  Command.withExamples([example("retry", "Once the bus is there again"), example(`retry ${some}`, "Only this one")])
)

export const outbox = Command.make("outbox").pipe(
  Command.withDescription("See the messages that wait for the bus, and have them tried now"),
  Command.withSubcommands([list, show, retry])
)
