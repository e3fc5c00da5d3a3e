/** Writes to the audit log what a command does that is no event: keys, tokens, secrets that are shown, exports. */
import { type AuditEntry, AuditTrail, installationTenant } from "@dueline/contracts/ports/AuditTrail"
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { randomCorrelationId } from "@dueline/identity/randomId"
import * as PostgresAuditTrail from "@dueline/postgres/write/PostgresAuditTrail"
import { Clock, Console, Effect, Layer } from "effect"
import { existsSync } from "node:fs"
import { userInfo } from "node:os"
import type { Settings } from "../../Configuration.ts"
import { homeAt } from "../../Home.ts"
import { openDatabase } from "../database/openDatabase.ts"

export interface Command {
  /** Such as `key.rotate`. */
  readonly action: string
  readonly resource: string | null
  /** None: the installation's. */
  readonly tenantId?: TenantId
}

/** As the system calls them; a container may have no name for who runs in it. */
export const operator = (): string => {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`
  }
}

/** With the trail at hand. */
export const noted = Effect.fnUntraced(function* ({ action, resource, tenantId = installationTenant }: Command) {
  const entry: AuditEntry = {
    tenantId,
    at: (yield* Clock.currentTimeMillis) as EpochMillis,
    actor: { kind: "operator", id: operator() },
    action,
    resource,
    outcome: "done",
    code: null,
    correlationId: yield* randomCorrelationId,
    count: 1
  }
  yield* (yield* AuditTrail).append([entry])
})

/** Longer than a database of this machine takes to start. */
const patience = "20 seconds"

/**
 * After it was done, in the database of this installation; a home without one has nobody who could ask. A database that does not answer is told on
 * standard error: what was done on this machine is not undone for it.
 */
export const noteCommand = Effect.fnUntraced(function* (settings: Settings, command: Command) {
  if (settings.DUELINE_DATABASE_URL === null && !existsSync(homeAt(settings.DUELINE_HOME).data)) return
  yield* noted(command).pipe(
    Effect.provide(PostgresAuditTrail.layer.pipe(Layer.provide(openDatabase(settings)))),
    Effect.timeout(patience),
    Effect.catch(() =>
      Console.error(`this is not in the audit log, because the database does not answer: ${command.action}`)
    )
  )
})
