/** `dueline source …` and `dueline event sign`: who may report events, and a signature as a courier would make it. */
import { SourceName } from "@dueline/contracts/courierSource/CourierSource"
import { SchemePreset } from "@dueline/contracts/courierSource/SignatureScheme"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { callFlags, durationBetween, durationText, key, loadWhenRun, optional, wholeNumber } from "../flags.ts"
import { Option, Schema } from "effect"

const isName = Schema.is(SourceName)

const sourceName = Argument.String("name").pipe(
  Argument.filterMap(
    (text) => Option.liftPredicate(text, isName),
    () => "1 to 63 lower-case letters, digits and hyphens"
  ),
  Argument.withDescription("Its name")
)

const scheme = Flag.String("scheme").pipe(
  Flag.withMetavar("name"),
  Flag.withDescription(`How it signs: ${SchemePreset.literals.join(", ")}, or @file with a scheme in JSON`)
)

const secret = Flag.String("secret").pipe(
  Flag.withMetavar("text"),
  Flag.withDescription("@file or - (standard input), so that it stands in no list of processes; or the secret itself")
)

const create = Command.make(
  "create",
  {
    name: sourceName,
    scheme,
    secret: optional(secret),
    toleranceMs: optional(durationBetween("tolerance", "How far its clock may be off (default 5m)", 1_000, 3_600_000)),
    key
  },
  loadWhenRun(
    () => import("./sources.ts"),
    ({ createSource }) => createSource
  )
).pipe(
  Command.withDescription("Create a courier source. Its secret is printed once: it cannot be read again."),
  Command.withExamples([
    { command: "dueline source create north-express --scheme standard-webhooks", description: "With a secret of ours" },
    {
      command: "dueline source create parcels --scheme easypost --secret @secret.txt",
      description: "With the courier's own"
    }
  ])
)

const list = Command.make(
  "list",
  { limit: wholeNumber("limit", "How many at the most", 1, 200).pipe(Flag.withDefault(50)) },
  loadWhenRun(
    () => import("./sources.ts"),
    ({ listSources }) => listSources
  )
).pipe(
  Command.withDescription("List the courier sources, newest first"),
  Command.withExamples([{ command: "dueline source list --json", description: "One JSON document" }])
)

const rotate = Command.make(
  "rotate",
  {
    name: sourceName,
    secret: optional(secret),
    overlap: optional(durationText("overlap", "How long the secrets before stay valid (default 24h)")),
    key
  },
  loadWhenRun(
    () => import("./sources.ts"),
    ({ rotateSecret }) => rotateSecret
  )
).pipe(
  Command.withDescription("Give a courier source another secret, and print it once"),
  Command.withExamples([
    { command: "dueline source rotate north-express --overlap 2h", description: "The one before is good for 2 hours" }
  ])
)

export const source = Command.make("source").pipe(
  Command.withDescription("Create and list courier sources, and rotate their secrets"),
  Command.withSubcommands([create, list, rotate]),
  Command.withGlobalFlags(callFlags)
)

const sign = Command.make(
  "sign",
  {
    scheme,
    secret,
    body: Flag.String("body").pipe(
      Flag.withMetavar("text"),
      Flag.withDescription("What is sent, as it is; @file reads a file, - reads standard input")
    ),
    headers: Flag.String("header").pipe(
      Flag.withMetavar("'name: value'"),
      Flag.withDescription("A header that is signed too, such as webhook-id; may be repeated"),
      Flag.atLeast(0)
    )
  },
  loadWhenRun(
    () => import("./sources.ts"),
    ({ signEvent }) => signEvent
  )
).pipe(
  Command.withDescription("Print the headers with which a courier would send this body now. Nothing is sent."),
  Command.withExamples([
    {
      command: "dueline event sign --scheme github --secret @secret.txt --body @event.json",
      description: "One header a line"
    }
  ])
)

export const event = Command.make("event").pipe(
  Command.withDescription("Try out the events that couriers send"),
  Command.withSubcommands([sign])
)
