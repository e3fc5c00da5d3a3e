/** `dueline dlq …`: messages that could not be delivered. Only the words and flags are here. */
import { DeadLetterId, DeadLetterState } from "@dueline/contracts/ports/DeadLetters"
import { StorableText } from "@dueline/contracts/api/Wire"
import { Schema } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { callFlags, idArgument, instant, loadWhenRun, optional, textFlag, wholeNumber } from "../flags.ts"

const word = StorableText.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(200))
const expected = "1 to 200 characters, none of them U+0000"
const some = "5b0e7d2a-4c81-4e93-a1f6-9d0e7b2a543c"
const example = (command: string, description: string) => ({ command: `dueline dlq ${command}`, description })

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

const list = Command.make(
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
  Command.withExamples([example("list --state Waiting --group order-notifications", "What one group gave up")])
)

const letterId = idArgument(DeadLetterId, `the id of a dead letter, e.g. ${some}`, "The id of the dead letter")

const show = Command.make(
  "show",
  { id: letterId },
  loadWhenRun(
    () => import("./deadLetters.ts"),
    ({ showLetter }) => showLetter
  )
).pipe(
  Command.withDescription("Show one dead letter: the message, and why each attempt failed"),
  Command.withExamples([example(`show ${some}`, "All that is known of it")])
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
  Command.withExamples([example(`replay ${some}`, "Once what failed works again")])
)

export const dlq = Command.make("dlq").pipe(
  Command.withDescription("See and replay messages that could not be delivered"),
  Command.withSubcommands([list, show, replay]),
  Command.withGlobalFlags(callFlags)
)
