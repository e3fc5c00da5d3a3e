/** A server of packages/test-servers as a store of the bench. */
import type { RunningServer } from "../../../test-servers/src/ServerProcess.ts"
import { timeOf } from "../../src/ProcessTime.ts"
import { hold } from "../held.ts"
import type { Connection, Store } from "../System.ts"

export const storeOf = (server: RunningServer, connection: Connection): Store => {
  hold(() => server.kill())
  return { connection, lastWords: () => "", cpuMicros: () => timeOf(server.pid) }
}
