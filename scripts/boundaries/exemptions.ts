/** Where sources may read the machine's clock or dice themselves, each with its reason. This list should only shrink. */
import type { Exemption } from "./ambientInputs.ts"

export const exemptions: ReadonlyArray<Exemption> = [
  {
    path: "packages/execution/src/wire/RunningTime.ts",
    names: ["setTimeout", "setInterval"],
    reason: "a real socket waits in real time, whatever clock the program was given"
  },
  {
    path: "packages/execution/src/names/NameServers.ts",
    names: ["setTimeout"],
    reason: "a real name server answers in real time"
  },
  {
    path: "packages/postgres/src/Postmaster.ts",
    names: ["setTimeout"],
    reason: "a real server process starts and stops in real time"
  },
  {
    path: "packages/api/src/createHttpServer.ts",
    names: ["randomBytes"],
    reason: "a broken request is answered by the socket's own callback: there is no fiber, hence no Effect dice"
  },
  {
    path: "packages/secrets/src/KeyFile.ts",
    names: ["randomBytes"],
    reason: "a key must come from the operating system, not from dice that a seed can replay"
  },
  {
    path: "packages/secrets/src/sealedBox.ts",
    names: ["randomBytes"],
    reason: "neither a customer's key nor a nonce may ever repeat, not even when a seed is replayed"
  },
  {
    path: "packages/postgres/src/TestDatabase.ts",
    names: ["randomUUID"],
    reason: "test processes side by side, with the same seed, need databases of different names"
  },
  {
    path: "packages/dueline/src/serve.ts",
    names: ["setTimeout"],
    reason: "the last resort when stopping hangs: it must not depend on the runtime that hangs"
  },
  {
    path: "packages/test-servers/src/",
    names: ["setTimeout", "randomBytes"],
    reason: "real server processes start and stop in real time, and their passwords are secrets"
  },
  {
    path: "packages/chaos/src/",
    names: ["Date.now", "performance.now", "setTimeout"],
    reason: "it times what real processes do; its dice are seeded"
  },
  {
    path: "packages/bench/src/",
    names: ["Date.now", "new Date()", "performance.now", "setTimeout", "randomUUID"],
    reason: "a measurement is about the machine's own time"
  }
]
