/** `dueline redaction …`: what of a tenant's requests and answers is struck out before anything of them is kept in clear. */
import { FailedRequests, RedactionPattern } from "@dueline/contracts/redaction"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { loadWhenRun, optional, textFlag } from "../flags.ts"

const tenant = Argument.String("tenant").pipe(Argument.withDescription("Its workspace, or its id"))

const show = Command.make(
  "show",
  { tenant },
  loadWhenRun(
    () => import("./redactions.ts"),
    ({ showRedaction }) => showRedaction
  )
).pipe(
  Command.withDescription("Show what a tenant has struck out"),
  Command.withExamples([{ command: "dueline redaction show acme --json", description: "For a script" }])
)

const set = Command.make(
  "set",
  {
    tenant,
    patterns: textFlag(
      "pattern",
      RedactionPattern,
      "field:NAME, or a text on one line in which * stands for anything"
    ).pipe(
      Flag.withMetavar("text"),
      Flag.withDescription("Struck out: a text in which * stands for anything, or field:NAME; may be repeated"),
      Flag.atLeast(0)
    ),
    failedRequests: optional(
      Flag.Literals("failed-requests", FailedRequests.literals).pipe(
        Flag.withDescription("Whether calls that fail keep their request, to be run again (default: as it is)")
      )
    )
  },
  loadWhenRun(
    () => import("./redactions.ts"),
    ({ setRedaction }) => setRedaction
  )
).pipe(
  Command.withDescription(
    "Say what is struck out of a tenant's requests and answers beside what always is, as `PUT /v1/redaction` does: these patterns and no others, in " +
      "every process within five seconds. What is stored already stays as it is."
  ),
  Command.withShortDescription("Say what is struck out"),
  Command.withExamples([
    {
      command: `dueline redaction set acme --pattern field:memberNo --pattern "MRN-*"`,
      description: "A field, and a word"
    },
    { command: "dueline redaction set acme --failed-requests drop", description: "Calls that fail cannot be run again" }
  ])
)

const reset = Command.make(
  "reset",
  { tenant },
  loadWhenRun(
    () => import("./redactions.ts"),
    ({ resetRedaction }) => resetRedaction
  )
).pipe(
  Command.withDescription("Strike out only what always is, and keep requests of calls that failed"),
  Command.withExamples([{ command: "dueline redaction reset acme", description: "As before it said anything" }])
)

export const redaction = Command.make("redaction").pipe(
  Command.withDescription("What of a tenant's requests and answers is struck out"),
  Command.withSubcommands([show, set, reset])
)
