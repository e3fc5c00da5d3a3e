/** `dueline dlq …` and `outbox …`: messages that could not be delivered, and messages that wait for the bus. Only the words and flags are here. */
import { StreamId } from "@dueline/contracts/Ids"
import { StorableText } from "@dueline/contracts/api/Wire"
import { DeadLetterId, DeadLetterState } from "@dueline/contracts/ports/DeadLetters"
import { Schema } from "effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { callFlags, idArgument, instant, loadWhenRun, optional, switchFlag, textFlag, wholeNumber } from "../flags.ts"

const word = StorableText.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(200))
const expected = "1 to 200 characters, none of them U+0000"
const someLetter = "5b0e7d2a-4c81-4e93-a1f6-9d0e7b2a543c"
const dlqExample = (command: string, description: string) => ({ command: `dueline dlq ${command}`, description })

/** What dead letters are chosen by, here and in jobs. */
export const letterFlags = {
  topic: optional(
    textFlag("topic", word, expected).pipe(Flag.withMetavar("name"), Flag.withDescription("Only those of this topic"))
  ),
  group: optional(
    textFlag("group", word, expected).pipe(
      Flag.withMetavar("name"),
      Flag.withDescription("Only those of this group of consumers; outbox for what never reached the bus")
    )
  ),
  reason: optional(
    textFlag("reason", word, expected).pipe(
      Flag.withMetavar("text"),
      Flag.withDescription("Only those with this in their last reason, in either case")
    )
  ),
  from: instant("from", "Only those given up at or after this time"),
  to: instant("to", "Only those given up before this time")
}

const letterList = Command.make(
  "list",
  {
    ...letterFlags,
    state: optional(
      Flag.Literals("state", DeadLetterState.literals).pipe(Flag.withDescription("Only those in this state"))
    ),
    limit: wholeNumber("limit", "How many at the most", 1, 200).pipe(Flag.withDefault(20)),
    cursor: optional(Flag.String("cursor").pipe(Flag.withDescription("Go on after a list that was cut off here")))
  },
  loadWhenRun(
    () => import("./deadLetters.ts"),
    ({ listLetters }) => listLetters
  )
).pipe(
  Command.withDescription("List messages that could not be delivered, newest first"),
  Command.withExamples([dlqExample("list --state Waiting --group order-notifications", "What one group gave up")])
)

const letterId = idArgument(DeadLetterId, `the id of a dead letter, e.g. ${someLetter}`, "The id of the dead letter")

const letterShow = Command.make(
  "show",
  { id: letterId },
  loadWhenRun(
    () => import("./deadLetters.ts"),
    ({ showLetter }) => showLetter
  )
).pipe(
  Command.withDescription("Show one dead letter: the message, and why each attempt failed"),
  Command.withExamples([dlqExample(`show ${someLetter}`, "All that is known of it")])
)

const replay = Command.make(
  "replay",
  { id: letterId },
  loadWhenRun(
    () => import("./deadLetters.ts"),
    ({ replayLetter }) => replayLetter
  )
).pipe(
  Command.withDescription(
    "Bring one dead letter once more to the group that gave it up. For many of them: dueline jobs plan replay-dead-letters"
  ),
  Command.withShortDescription("Bring one dead letter once more to the group that gave it up"),
  Command.withExamples([dlqExample(`replay ${someLetter}`, "Once what failed works again")])
)

export const dlq = Command.make("dlq").pipe(
  Command.withDescription("See and replay messages that could not be delivered"),
  Command.withSubcommands([letterList, letterShow, replay]),
  Command.withGlobalFlags(callFlags)
)

/** `dueline outbox …`: messages that wait for the bus. Only the words and flags are here. */
const someEvent = "019c0de0-0e01-7000-8000-00000000e001"
const outboxExample = (command: string, description: string) => ({ command: `dueline outbox ${command}`, description })

const outboxList = Command.make(
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
    () => import("../database/outbox.ts"),
    ({ listOutbox }) => listOutbox
  )
).pipe(
  Command.withDescription(
    "List the messages of all tenants that wait for the bus: how many of each topic and since when, then each, oldest first"
  ),
  Command.withShortDescription("List what waits for the bus, by topic and age"),
  Command.withExamples([outboxExample("list --failing", "What does not get out")])
)

const eventId = idArgument(
  StreamId,
  `the id of an event, e.g. ${someEvent}`,
  "The id of the event that the message tells"
)

const outboxShow = Command.make(
  "show",
  { id: eventId },
  loadWhenRun(
    () => import("../database/outbox.ts"),
    ({ showWaiting }) => showWaiting
  )
).pipe(
  Command.withDescription("Show one message that waits: what it says, and why each attempt failed"),
  Command.withExamples([outboxExample(`show ${someEvent}`, "All that is known of it")])
)

const retry = Command.make(
  "retry",
  { id: Argument.optional(eventId) },
  loadWhenRun(
    () => import("../database/outbox.ts"),
    ({ retryOutbox }) => retryOutbox
  )
).pipe(
  Command.withDescription(
    "Have what failed and waits for its next attempt tried now, one message or all: a dispatcher that works takes it within five seconds. " +
      "What was given up is a dead letter: dueline dlq replay"
  ),
  Command.withShortDescription("Have what waits for its next attempt tried now"),
  Command.withExamples([
    outboxExample("retry", "Once the bus is there again"),
    outboxExample(`retry ${someEvent}`, "Only this one")
  ])
)

export const outbox = Command.make("outbox").pipe(
  Command.withDescription("See the messages that wait for the bus, and have them tried now"),
  Command.withSubcommands([outboxList, outboxShow, retry])
)
