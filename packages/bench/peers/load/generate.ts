/** The load generator, in a process of its own for each system and round: a fixed number of clients, each waiting for its answer. */
import { randomUUID } from "node:crypto"
import { now } from "../../src/Target.ts"
import type { Burst, Connection, Peer, Producer, Submitted } from "../System.ts"

const [name = "", connection = "{}", concurrency = "64"] = process.argv.slice(2)

const submit = async (producer: Producer, { concurrency, count, due, first, url }: Burst): Promise<Submitted> => {
  const latenciesMs: Array<number> = []
  const dueFrom = due === undefined ? 0 : Date.now() + due.afterMs
  const dueAt = (i: number) =>
    due === undefined ? {} : { dueAt: dueFrom + Math.floor(((i - first) * due.spreadMs) / count) }
  let next = first
  const from = now()
  const client = async () => {
    while (next < first + count) {
      const i = next++
      const asked = now()
      await producer.submit({ key: randomUUID(), url: `${url}/${i}`, ...dueAt(i) })
      latenciesMs.push(now() - asked)
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, count) }, client))
  return { from, to: now(), latenciesMs, dueFrom }
}

process.on("disconnect", () => process.exit(0))
const { default: peer } = (await import(`../systems/${name}.ts`)) as { readonly default: Peer }
const producer = await peer.produce(JSON.parse(connection) as Connection, Number(concurrency))
process.on("message", (burst: Burst) => {
  submit(producer, burst).then(
    (submitted) => process.send?.(submitted),
    (error: unknown) => process.send?.({ failed: String(error) })
  )
})
process.send?.("ready")
