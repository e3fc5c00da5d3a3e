/** A Restate server for one round: new, one node, its own defaults; only where it listens is told to it. */
import { existsSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { timeOf } from "../../src/ProcessTime.ts"
import { freePort, newDirectory, startProgram, until } from "../processes.ts"
import type { Store } from "../System.ts"

/** The registry's package for this platform, if there is one. */
export const restateServer = (): string | undefined => {
  try {
    const outer = createRequire(import.meta.url).resolve("@restatedev/restate-server/package.json")
    const platform = `@restatedev/restate-server-${process.platform}-${process.arch}/package.json`
    const file = join(dirname(createRequire(outer).resolve(platform)), "bin", "restate-server")
    return existsSync(file) ? file : undefined
  } catch {
    return undefined
  }
}

const answers = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}

export const startRestate = async (): Promise<Store> => {
  const program = restateServer()
  if (program === undefined) throw new Error("there is no Restate server for this platform")
  const directory = newDirectory()
  const [node, admin, ingress, endpoint] = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  const file = join(directory, "restate.toml")
  const listen = (port: number) => `bind-address = "127.0.0.1:${port}"\n`
  writeFileSync(file, `disable-telemetry = true\n${listen(node)}[admin]\n${listen(admin)}[ingress]\n${listen(ingress)}`)
  const place = ["--base-dir", join(directory, "base"), "--node-name", "bench", "--listen-mode", "tcp", "--no-logo"]
  const env = { DO_NOT_TRACK: "1" }
  const server = startProgram(program, ["--config-file", file, ...place], { directory, env })
  await until(() => answers(`http://127.0.0.1:${admin}/health`), 60_000, server.lastWords)
  await until(() => answers(`http://127.0.0.1:${ingress}/restate/health`), 60_000, server.lastWords)
  return {
    connection: {
      admin: `http://127.0.0.1:${admin}`,
      ingress: `http://127.0.0.1:${ingress}`,
      endpoint: String(endpoint)
    },
    lastWords: server.lastWords,
    cpuMicros: () => timeOf(server.pid)
  }
}
