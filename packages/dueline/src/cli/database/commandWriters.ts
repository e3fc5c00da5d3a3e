/** Who decides for a command on an open database: another process that decides about the same is told apart by the version. */
import { Intents } from "@dueline/contracts/Intent"
import * as Writers from "@dueline/orchestration/Writers"
import * as PostgresDirectories from "@dueline/postgres/read/PostgresDirectories"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import { Layer } from "effect"

/** With the tenants that there are. */
export const commandWriters = Layer.mergeAll(Writers.layer(), PostgresDirectories.layerTenantDirectory).pipe(
  Layer.provide([Intents.layer, PostgresPersistence.layer])
)
