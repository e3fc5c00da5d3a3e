/** The handle of a load generator's process. */
import { join } from "node:path"
import { timeOf } from "../../src/ProcessTime.ts"
import { type Held, startModule } from "../processes.ts"
import type { Burst, Connection, Submitted } from "../System.ts"

export interface Generator {
  readonly held: Held
  readonly submit: (burst: Burst) => Promise<Submitted>
  readonly cpuMicros: () => number
}

const module = join(import.meta.dirname, "..", "load", "generate.ts")

type Answer = Submitted | { readonly failed: string }

export const startGenerator = async (
  name: string,
  connection: Connection,
  concurrency: number,
  directory: string
): Promise<Generator> => {
  const args = [name, JSON.stringify(connection), String(concurrency)]
  const held = await startModule(module, args, { directory })
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
