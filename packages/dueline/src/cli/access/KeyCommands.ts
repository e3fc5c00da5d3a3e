/** `dueline api-key …`: what machines are let in by. */
import { ApiKeyId, ApiKeyName, WorkspaceName } from "@dueline/contracts/apiKey/ApiKey"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { callFlags, durationText, idArgument, key, loadWhenRun, optional, textFlag, wholeNumber } from "../flags.ts"
import { Option, Schema } from "effect"

const name = Argument.String("name").pipe(
  Argument.filterMap(
    (text) => Option.liftPredicate(text, Schema.is(ApiKeyName)),
    () => "1 to 63 lower-case letters, digits, hyphens and dots"
  ),
  Argument.withDescription("What people call it; a second key may have the same name")
)

const id = idArgument(
  ApiKeyId,
  "the id of an API key, e.g. 018f3c1e-7b5a-8c3d-9e2f-0a1b2c3d4e5f",
  "The id of the key, as `api-key list` shows it"
)

const create = Command.make(
  "create",
  {
    name,
    scopes: Flag.String("scope").pipe(
      Flag.withMetavar("scope"),
      Flag.withDescription("What it may do, e.g. ops:events.write; may be repeated"),
      Flag.atLeast(1)
    ),
    workspace: optional(
      textFlag("workspace", WorkspaceName, "1 to 63 lower-case letters, digits and hyphens").pipe(
        Flag.withMetavar("name"),
        Flag.withDescription("What it brings in is stored under this (default: default)")
      )
    ),
    expiresIn: optional(durationText("expires-in", "How long it is good, 1m to 3650d (default: until it is revoked)")),
    key
  },
  loadWhenRun(
    () => import("./apiKeys.ts"),
    ({ createKey }) => createKey
  )
).pipe(
  Command.withDescription("Make an API key. It is printed once: it cannot be read again."),
  Command.withExamples([
    { command: "dueline api-key create web-shop --scope ops:events.write", description: "For a Segment client" },
    {
      command: "dueline api-key create nightly --scope ops:bins.read --expires-in 90d",
      description: "Good for three months"
    }
  ])
)

const list = Command.make(
  "list",
  { limit: wholeNumber("limit", "How many at the most", 1, 200).pipe(Flag.withDefault(50)) },
  loadWhenRun(
    () => import("./apiKeys.ts"),
    ({ listKeys }) => listKeys
  )
).pipe(
  Command.withDescription("List the API keys, newest first, and when each was used last"),
  Command.withExamples([{ command: "dueline api-key list --json", description: "One JSON document" }])
)

const revoke = Command.make(
  "revoke",
  { id },
  loadWhenRun(
    () => import("./apiKeys.ts"),
    ({ revokeKey }) => revokeKey
  )
).pipe(
  Command.withDescription("Revoke an API key, for good"),
  Command.withExamples([
    { command: "dueline api-key revoke 3c1f5a90-7b2e-8d44-b6a1-0e9d2c7f4b13", description: "It is refused at once" }
  ])
)

export const apiKey = Command.make("api-key").pipe(
  Command.withDescription("Make, list and revoke API keys"),
  Command.withSubcommands([create, list, revoke]),
  Command.withGlobalFlags(callFlags)
)
