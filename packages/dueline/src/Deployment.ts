/** Which parts of the program this process is, and what must be configured for that. */
import { Role } from "@dueline/contracts/Role"
import { Effect } from "effect"
import { ConfigurationInvalid, type Settings } from "./Configuration.ts"
import { entriesOf } from "./listSettings.ts"

const isRole = (name: string): name is Role => (Role.literals as ReadonlyArray<string>).includes(name)

/** What a process with every role is; its edge takes in events too. */
const allRoles: ReadonlyArray<Role> = Role.literals.filter((role) => role !== "ingest")

/** `api,executor`; `all` is every role. Answers a sentence when it is not that. */
export const readRoles = (text: string): ReadonlySet<Role> | string => {
  const names = entriesOf(text)
  const unknown = names.filter((name) => name !== "all" && !isRole(name))
  if (names.length === 0 || unknown.length > 0) {
    return `${unknown.map((name) => `"${name}" is no role. `).join("")}Roles are ${Role.literals.join(", ")}, or all of them: all.`
  }
  const roles = names.includes("all") ? allRoles : names.filter(isRole)
  return new Set(roles.includes("api") ? roles.filter((role) => role !== "ingest") : roles)
}

/** A process that only takes in what machines report: it gets by with the rights for that (`dueline_ingest`). */
export const takesInOnly = ({ roles }: Pick<Deployment, "roles">): boolean => roles.size === 1 && roles.has("ingest")

export interface Deployment {
  readonly roles: ReadonlySet<Role>
  /** Other processes may work on the same database. */
  readonly shared: boolean
}

/** Roles apart need the servers that hold them together. */
export const deploymentOf = (
  settings: Settings,
  roles: ReadonlySet<Role>
): Effect.Effect<Deployment, ConfigurationInvalid> => {
  const apart = roles.size < allRoles.length
  const missing = [
    ...(settings.DUELINE_DATABASE_URL === null
      ? ["DUELINE_DATABASE_URL: not set, and the embedded database serves one process only"]
      : []),
    ...(settings.DUELINE_NATS_URL === null
      ? ["DUELINE_NATS_URL: not set, and processes in different roles find each other over NATS"]
      : [])
  ]
  if (!apart || missing.length === 0) {
    return Effect.succeed({ roles, shared: settings.DUELINE_DATABASE_URL !== null })
  }
  const some = [...roles].join(", ")
  return Effect.fail(
    new ConfigurationInvalid({
      message: [
        `To run ${some} apart from the other roles, servers are needed:`,
        ...missing.map((line) => `  ${line}`)
      ].join("\n")
    })
  )
}
