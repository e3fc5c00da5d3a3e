/** Exact versions of everything that took part. */
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { dirname } from "node:path"
import { main } from "./starts/duelineProgram.ts"
import { natsVersion } from "./stores/nats.ts"
import { postgresVersion } from "./stores/postgres.ts"
import { redisVersion } from "./stores/redis.ts"

const { dependencies } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8")) as {
  readonly dependencies: Readonly<Record<string, string>>
}

const revision = (): string => {
  try {
    const described = execFileSync("git", ["describe", "--always", "--dirty"], {
      cwd: dirname(main),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"]
    })
    return described.trim()
  } catch {
    return "unknown"
  }
}

const absent = () => "absent"

export const versions = async (): Promise<Readonly<Record<string, string>>> => ({
  dueline: revision(),
  node: process.version,
  postgresql: postgresVersion(),
  redis: await redisVersion().catch(absent),
  nats: await natsVersion().catch(absent),
  ...dependencies
})
