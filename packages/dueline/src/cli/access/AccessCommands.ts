/**
 * `dueline api-key …`, `session …` and `key …`: what machines are let in by, who has signed in, and what access tokens are signed with. Only the
 * words and flags are here.
 */
import { ApiKeyId, ApiKeyName, WorkspaceName } from "@dueline/contracts/apiKey/ApiKey"
import { SessionId } from "@dueline/contracts/session/Session"
import { Option, Schema } from "effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import {
  callFlags,
  durationBetween,
  durationText,
  idArgument,
  key,
  loadWhenRun,
  optional,
  textFlag,
  wholeNumber
} from "../flags.ts"

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
    () => import("./credentials.ts"),
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

const keyList = Command.make(
  "list",
  { limit: wholeNumber("limit", "How many at the most", 1, 200).pipe(Flag.withDefault(50)) },
  loadWhenRun(
    () => import("./credentials.ts"),
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
    () => import("./credentials.ts"),
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
  Command.withSubcommands([create, keyList, revoke]),
  Command.withGlobalFlags(callFlags)
)

/** `dueline session …`: who has signed in. */
const sessionList = Command.make(
  "list",
  {
    limit: wholeNumber("limit", "How many at the most", 1, 200).pipe(Flag.withDefault(50)),
    cursor: optional(
      Flag.String("cursor").pipe(Flag.withMetavar("cursor"), Flag.withDescription("Where the page before ended"))
    )
  },
  loadWhenRun(
    () => import("./credentials.ts"),
    ({ listSessions }) => listSessions
  )
).pipe(
  Command.withDescription(
    "List who has signed in to the tenant, newest first, and what has ended in the last seven days"
  ),
  Command.withExamples([{ command: "dueline session list --tenant acme --json", description: "One JSON document" }])
)

const end = Command.make(
  "end",
  {
    id: idArgument(SessionId, "the id of a session, as `session list` shows it", "The id of the session")
  },
  loadWhenRun(
    () => import("./credentials.ts"),
    ({ endSession }) => endSession
  )
).pipe(
  Command.withDescription("End a session: its cookie and its tokens are refused everywhere within five seconds"),
  Command.withExamples([
    { command: "dueline session end 019c0de0-0e01-7000-8000-00000000e001", description: "A browser that was lost" }
  ])
)

export const session = Command.make("session").pipe(
  Command.withDescription("List and end the sessions of people"),
  Command.withSubcommands([sessionList, end]),
  Command.withGlobalFlags(callFlags)
)

/** `dueline key …`: what access tokens are signed with. */
const dayMs = 86_400_000
/** Longer than the longest life of a token that `dueline token` makes. */
const graceMs = 31 * dayMs
/** As long as others may keep the published keys. */
const afterMs = 300_000

const signingKeyList = Command.make(
  "list",
  {},
  loadWhenRun(
    () => import("./signingKeys.ts"),
    ({ listSigningKeys }) => listSigningKeys
  )
).pipe(
  Command.withDescription(
    "List the keys in DUELINE_HOME that access tokens are signed with: which signs, until when the others are believed"
  ),
  Command.withExamples([{ command: "dueline key list --json", description: "One JSON document" }])
)

const rotate = Command.make(
  "rotate",
  {
    afterMs: durationBetween("after", "When the new key begins to sign (default 5m); published at once", 0, dayMs).pipe(
      Flag.withDefault(afterMs)
    ),
    graceMs: durationBetween(
      "grace",
      "How long tokens of earlier keys are believed from then on (default 31d)",
      0,
      400 * dayMs
    ).pipe(Flag.withDefault(graceMs))
  },
  loadWhenRun(
    () => import("./signingKeys.ts"),
    ({ rotateSigningKey }) => rotateSigningKey
  )
).pipe(
  Command.withDescription(
    "Add a key for access tokens. Running programs take it up within seconds; those before are retired after a grace."
  ),
  Command.withExamples([
    { command: "dueline key rotate", description: "Once a year" },
    { command: "dueline key rotate --after 0s && dueline key retire KID", description: "When a key has leaked" }
  ])
)

const retire = Command.make(
  "retire",
  { kid: Argument.String("kid").pipe(Argument.withDescription("Which, as `dueline key list` shows it")) },
  loadWhenRun(
    () => import("./signingKeys.ts"),
    ({ retireSigningKey }) => retireSigningKey
  )
).pipe(
  Command.withDescription("Retire a key now: within seconds every program refuses tokens that it signed"),
  Command.withExamples([
    { command: "dueline key retire NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", description: "When it has leaked" }
  ])
)

export const signingKey = Command.make("key").pipe(
  Command.withDescription("List, rotate and retire the keys that access tokens are signed with"),
  Command.withSubcommands([signingKeyList, rotate, retire])
)
