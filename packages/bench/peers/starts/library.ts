/** Starts a system that is a library: its store, a worker process if it has one, and the load generator with its producer. */
import { join } from "node:path"
import { timeOf } from "../../src/ProcessTime.ts"
import type { Burst, Connection, Running, Store, Submitted } from "../System.ts"
import { type Held, newDirectory, startModule } from "../processes.ts"

const workerModule = join(import.meta.dirname, "..", "load", "work.ts")

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
    startModule(workerModule, [name, JSON.stringify(connection)], {
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

/** The handle of a load generator's process. */
export interface Generator {
  readonly held: Held
  readonly submit: (burst: Burst) => Promise<Submitted>
  readonly cpuMicros: () => number
}

const generatorModule = join(import.meta.dirname, "..", "load", "generate.ts")

type Answer = Submitted | { readonly failed: string }

export const startGenerator = async (
  name: string,
  connection: Connection,
  concurrency: number,
  directory: string
): Promise<Generator> => {
  const args = [name, JSON.stringify(connection), String(concurrency)]
  const held = await startModule(generatorModule, args, { directory })
  const submit = (burst: Burst): Promise<Submitted> =>
    new Promise((resolve, reject) => {
      const gone = () => reject(new Error(`the load generator ended; ${held.lastWords()}`))
      held.child.once("exit", gone)
      held.child.once("message", (answer: Answer) => {
        held.child.removeListener("exit", gone)
        if ("failed" in answer) reject(new Error(`a submission failed: ${answer.failed}`))
        else resolve(answer)
      })
      held.child.send(burst)
    })
  return { held, submit, cpuMicros: () => timeOf(held.pid) }
}
