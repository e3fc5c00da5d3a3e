/** A Prometheus of its own that reads one address, once a second, and keeps what it read in a directory that is given. */
import { mkdirSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { findPrometheus } from "./findServer.ts"
import { launch, onPort, type RunningServer } from "./ServerProcess.ts"

interface PrometheusOptions {
  readonly directory: string
  /** `host:port` of what is read. */
  readonly target: string
  readonly token?: string
  /** A file of rules. */
  readonly rules: string
}

/** Rejects with `ServerMissing`. */
export const startPrometheus = async ({
  directory,
  rules,
  target,
  token
}: PrometheusOptions): Promise<RunningServer> => {
  const binary = await findPrometheus()
  const home = resolve(directory)
  mkdirSync(home, { recursive: true })
  return onPort(undefined, async (port) => {
    const file = join(home, "prometheus.json")
    const job = {
      job_name: "dueline",
      static_configs: [{ targets: [target] }],
      ...(token === undefined ? {} : { authorization: { credentials: token } })
    }
    const times = { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" }
    writeFileSync(file, JSON.stringify({ global: times, rule_files: [resolve(rules)], scrape_configs: [job] }))
    const url = `http://127.0.0.1:${port}`
    const server = await launch({
      name: "prometheus",
      binary,
      args: [
        `--config.file=${file}`,
        `--storage.tsdb.path=${join(home, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`
      ],
      directory: home,
      stopSignals: ["SIGTERM"],
      answers: async () => (await fetch(`${url}/-/ready`).catch(() => null))?.ok === true
    })
    return { ...server, port, url }
  })
}
