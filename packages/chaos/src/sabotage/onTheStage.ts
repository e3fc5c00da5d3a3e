/** Controls that work on processes and disks. */
import { execFile } from "node:child_process"
import { rename, rm } from "node:fs/promises"
import { setTimeout as wait } from "node:timers/promises"
import { promisify } from "node:util"
import { PostgresServer } from "../PostgresVictim.ts"
import type { Sabotage } from "../Run.ts"

/** Somebody else ends a process, as a defect in it would: at the end, since much is excused while one is away. */
export const processDies: Sabotage = {
  during: async ({ load, stage }) => {
    while (!load.stopped) await wait(50)
    const pid = stage.members[0]?.pid ?? 0
    if (pid > 0) process.kill(pid, "SIGKILL")
  }
}

/** The database comes back with the disk of some seconds ago, as one that promised to write and did not. */
export const oldDisk: Sabotage = {
  during: async ({ stage: { postgres } }) => {
    if (!(postgres instanceof PostgresServer)) throw new Error("only a database of its own can be set back")
    const old = `${postgres.data}.old`
    await wait(2_000)
    await postgres.end("SIGQUIT")
    // With its owner, who is not this process.
    await promisify(execFile)("cp", ["-a", postgres.data, old])
    await postgres.start()
    await wait(4_000)
    await postgres.end("SIGQUIT")
    await rm(postgres.data, { recursive: true })
    await rename(old, postgres.data)
    await postgres.start()
  }
}
