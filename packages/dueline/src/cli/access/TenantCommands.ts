/**
 * `dueline tenant …` and `redaction …`: who uses the installation, and what of a tenant's requests and answers is struck out before anything of it
 * is kept.
 */
import { ApiKeyName } from "@dueline/contracts/apiKey/ApiKey"
import { FailedRequests, RedactionPattern } from "@dueline/contracts/redaction"
import { SuspensionReason, TenantName, Workspace } from "@dueline/contracts/tenant/Tenant"
import { Option, Schema } from "effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { loadWhenRun, optional, switchFlag, textFlag } from "../flags.ts"

const isWorkspace = Schema.is(Workspace)
const expected = "1 to 63 of a-z and 0-9, with hyphens in between"

const nameFlag = textFlag("name", TenantName, "1 to 100 characters, none of them a control character").pipe(
  Flag.withMetavar("text"),
  Flag.withDescription("What people call it")
)

const tenantArgument = Argument.String("tenant").pipe(Argument.withDescription("Its workspace or id"))

const create = Command.make(
  "create",
  {
    argument: Argument.String("workspace").pipe(
      Argument.filter(isWorkspace, () => expected),
      Argument.withDescription("Its workspace: a-z, 0-9 and hyphens"),
      Argument.optional,
      Argument.map(Option.getOrUndefined)
    ),
    workspace: optional(
      textFlag("workspace", Workspace, expected).pipe(
        Flag.withMetavar("name"),
        Flag.withDescription("What it is called in commands; its id follows from it (default: the name)")
      )
    ),
    name: optional(nameFlag),
    apiKey: optional(
      textFlag("api-key", ApiKeyName, "1 to 63 lower-case letters, digits, hyphens and dots").pipe(
        Flag.withMetavar("name"),
        Flag.withDescription("Make an API key of this name as well, and print it, once")
      )
    ),
    scopes: Flag.String("scope").pipe(
      Flag.withMetavar("scope"),
      Flag.withDescription("What that key may do; may be repeated (default: ops:events.write)"),
      Flag.atLeast(0)
    ),
    ifAbsent: switchFlag("if-absent", "Change nothing, and say so, when the workspace has a tenant already")
  },
  loadWhenRun(
    () => import("./tenants.ts"),
    ({ createTenant }) => createTenant
  )
).pipe(
  Command.withDescription("Create a tenant. Its id follows from its workspace; a workspace that is taken is refused."),
  Command.withExamples([
    { command: "dueline tenant create acme && dueline token --tenant acme", description: "And a token for it" },
    { command: 'dueline tenant create --workspace acme --name "Acme Waste"', description: "With a name for people" },
    {
      command: "dueline tenant create acme --api-key web-shop --scope ops:events.write",
      description: "With a key for a Segment client"
    }
  ])
)

const list = Command.make(
  "list",
  {},
  loadWhenRun(
    () => import("./tenants.ts"),
    ({ listTenants }) => listTenants
  )
).pipe(
  Command.withDescription("List the tenants, newest first"),
  Command.withExamples([{ command: "dueline tenant list --json", description: "One JSON document" }])
)

const rename = Command.make(
  "rename",
  { tenant: tenantArgument, name: nameFlag },
  loadWhenRun(
    () => import("./tenants.ts"),
    ({ renameTenant }) => renameTenant
  )
).pipe(
  Command.withDescription("Give a tenant another name; its workspace and id stay"),
  Command.withExamples([{ command: 'dueline tenant rename acme --name "Acme Group"', description: "For people" }])
)

const suspend = Command.make(
  "suspend",
  {
    tenant: tenantArgument,
    reason: textFlag("reason", SuspensionReason, "1 to 200 characters, none of them a control character").pipe(
      Flag.withMetavar("text"),
      Flag.withDescription("Told to everybody who is refused")
    )
  },
  loadWhenRun(
    () => import("./tenants.ts"),
    ({ suspendTenant }) => suspendTenant
  )
).pipe(
  Command.withDescription("Suspend a tenant: within seconds it is refused everywhere, and its calls wait"),
  Command.withExamples([
    { command: 'dueline tenant suspend acme --reason "invoice 42 is overdue"', description: "Until it is resumed" }
  ])
)

const resume = Command.make(
  "resume",
  { tenant: tenantArgument },
  loadWhenRun(
    () => import("./tenants.ts"),
    ({ resumeTenant }) => resumeTenant
  )
).pipe(
  Command.withDescription("Resume a tenant: it is served again, and calls that have become due start"),
  Command.withExamples([{ command: "dueline tenant resume acme", description: "After it has paid" }])
)

const remove = Command.make(
  "delete",
  {
    tenant: tenantArgument,
    confirm: Flag.String("confirm").pipe(
      Flag.withMetavar("workspace"),
      Flag.withDescription("Its workspace once more: what is deleted does not come back")
    ),
    export: Flag.Boolean("export").pipe(
      Flag.withDefault(true),
      Flag.withDescription(
        "Write everything to DUELINE_TENANT_EXPORT before it goes (default; --no-export declines it)"
      )
    )
  },
  loadWhenRun(
    () => import("./tenants.ts"),
    ({ deleteTenant }) => deleteTenant
  )
).pipe(
  Command.withDescription(
    "Delete a tenant for ever: it is refused, exported and erased, step by step. Cut short, the same command or a running program goes on."
  ),
  Command.withExamples([
    { command: "dueline tenant delete acme --confirm acme", description: "With an export to <home>/exports" },
    { command: "dueline tenant delete acme --confirm acme --no-export", description: "Without one" }
  ])
)

const secret = Command.make(
  "secret",
  { name: Argument.String("name").pipe(Argument.withDescription("The tenant's workspace or id")) },
  loadWhenRun(
    () => import("./tenants.ts"),
    ({ printTenantSecret }) => printTenantSecret
  )
).pipe(
  Command.withDescription("Print the secret that the tenant's calls are signed with (Standard Webhooks, whsec_…)"),
  Command.withExamples([{ command: "dueline tenant secret acme", description: "For the service that is called" }])
)

export const tenant = Command.make("tenant").pipe(
  Command.withDescription("Create, list, rename, suspend, resume and delete tenants, and print their signing secrets"),
  Command.withSubcommands([create, list, rename, suspend, resume, remove, secret])
)

/** `dueline redaction …`: what of a tenant's requests and answers is struck out before anything of them is kept in clear. */
const ofTenant = Argument.String("tenant").pipe(Argument.withDescription("Its workspace, or its id"))

const show = Command.make(
  "show",
  { tenant: ofTenant },
  loadWhenRun(
    () => import("./tenantRules.ts"),
    ({ showRedaction }) => showRedaction
  )
).pipe(
  Command.withDescription("Show what a tenant has struck out"),
  Command.withExamples([{ command: "dueline redaction show acme --json", description: "For a script" }])
)

const set = Command.make(
  "set",
  {
    tenant: ofTenant,
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
    () => import("./tenantRules.ts"),
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
  { tenant: ofTenant },
  loadWhenRun(
    () => import("./tenantRules.ts"),
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
