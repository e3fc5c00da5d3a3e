/** `dueline migrate`, `verify` and `tenant`: what is asked of the database itself. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { lazily } from "./lazily.ts"

export const migrate = Command.make(
  "migrate",
  {},
  lazily(
    () => import("./migrateDatabase.ts"),
    ({ migrateDatabase }) => migrateDatabase
  )
).pipe(
  Command.withDescription(
    "Bring the database to the schema of this program, and print what was applied. `serve` does so too. Doing it twice does nothing."
  ),
  Command.withShortDescription("Bring the database to the schema of this program"),
  Command.withExamples([{ command: "dueline migrate --json", description: "For a deployment" }])
)

export const verify = Command.make(
  "verify",
  {},
  lazily(
    () => import("./verifyDatabase.ts"),
    ({ verifyDatabase }) => verifyDatabase
  )
).pipe(
  Command.withDescription(
    "Compare the read models and snapshots with what the events say, field by field, and the events among themselves; open every sealed " +
      "text; look for what receipts, profiles and tenants refer to. A program may be at work meanwhile. Exit code 1 when something is " +
      "wrong; `dueline projections rebuild` puts rows and snapshots right. Not found: a call that was removed with all that is kept of it, " +
      "and metadata that was exchanged for other possible values."
  ),
  Command.withShortDescription("Compare the read models with what the events say"),
  Command.withExamples([{ command: "dueline verify", description: "After a restore, say" }])
)

const isName = (text: string): boolean => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/u.test(text)

const tenantName = Argument.String("name").pipe(
  Argument.filter(isName, () => "1 to 63 of a-z and 0-9, with hyphens in between"),
  Argument.withDescription("Its name: a-z, 0-9 and hyphens")
)

const create = Command.make(
  "create",
  { name: tenantName },
  lazily(
    () => import("./tenants.ts"),
    ({ createTenant }) => createTenant
  )
).pipe(
  Command.withDescription("Create a tenant. Its id follows from its name; doing it twice does nothing."),
  Command.withExamples([
    { command: "dueline tenant create acme && dueline token --tenant acme", description: "And a token for it" }
  ])
)

const list = Command.make(
  "list",
  {},
  lazily(
    () => import("./tenants.ts"),
    ({ listTenants }) => listTenants
  )
).pipe(
  Command.withDescription("List the tenants"),
  Command.withExamples([{ command: "dueline tenant list --json", description: "One JSON document" }])
)

const secret = Command.make(
  "secret",
  { name: Argument.String("name").pipe(Argument.withDescription("The tenant's name or id")) },
  lazily(
    () => import("./tenantSecret.ts"),
    ({ printTenantSecret }) => printTenantSecret
  )
).pipe(
  Command.withDescription("Print the secret that the tenant's calls are signed with (Standard Webhooks, whsec_…)"),
  Command.withExamples([{ command: "dueline tenant secret acme", description: "For the service that is called" }])
)

export const tenant = Command.make("tenant").pipe(
  Command.withDescription("Create and list tenants, and print their signing secrets"),
  Command.withSubcommands([create, list, secret])
)
