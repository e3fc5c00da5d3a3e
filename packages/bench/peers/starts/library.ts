/** Starts a system that is a library: its store, a worker process if it has one, and the load generator with its producer. */
import { join } from "node:path"
import { timeOf } from "../../src/ProcessTime.ts"
import { type Held, newDirectory, startModule } from "../processes.ts"
import type { Running, Store } from "../System.ts"
import { startGenerator } from "./generator.ts"

const module = join(import.meta.dirname, "..", "load", "work.ts")

export interface LibraryOptions {
  /** File in `systems/`. */
  readonly name: string
  readonly store: () => Promise<Store>
  /** False when the producer's process also carries the calls out. */
  readonly worker: boolean
  readonly concurrency: number
}

export const startLibrary = async ({ concurrency, name, store, worker }: LibraryOptions): Promise<Running> => {
  const { connection, cpuMicros: storeCpu, lastWords: storeWords } = await store()
  const directory = newDirectory()
  const startWorker = () =>
    startModule(module, [name, JSON.stringify(connection)], {
      directory,
      env: { NODE_ENV: "production" }
    })
  const startLoad = () => startGenerator(name, connection, concurrency, directory)
  let working: Held | undefined = worker ? await startWorker() : undefined
  let load = await startLoad()
  const words = () => [working?.lastWords(), load.held.lastWords(), storeWords()].filter(Boolean).join("\n")
  return {
    submit: (burst) => load.submit(burst),
    cpuMicros: () => ({
      client: load.cpuMicros(),
      program: working === undefined ? 0 : timeOf(working.pid),
      store: storeCpu()
    }),
    killWorker: () => (working ?? load.held).kill(),
    replaceWorker: async () => {
      if (worker) working = await startWorker()
      else load = await startLoad()
    },
    lastWords: words
  }
}
