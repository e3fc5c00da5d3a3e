/** Where sources may read the machine's clock or dice themselves, each with its reason. This list should only shrink. */
import type { Exemption } from "./ambientInputs.ts"

export const exemptions: ReadonlyArray<Exemption> = [
  {
    path: "packages/execution/src/UndiciHttpClient.ts",
    names: ["setTimeout"],
    reason: "a real socket waits in real time, whatever clock the program was given"
  },
  {
    path: "packages/execution/src/pinnedConnector.ts",
    names: ["setTimeout"],
    reason: "a real connection attempt ends in real time"
  },
  {
    path: "packages/postgres/src/Postmaster.ts",
    names: ["setTimeout"],
    reason: "a real server process starts and stops in real time"
  }
]
