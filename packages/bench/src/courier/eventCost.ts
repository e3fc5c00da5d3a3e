/**
 * What a courier's event costs from its request to its end: processor time of program and database as the kernel counts it for their processes,
 * which other work on the machine changes less than it changes rates. Of ten shipments one is for an order that is not there, the others for none.
 */
import { Courier } from "@dueline/simulation/clients/Courier"
import { Dice } from "@dueline/simulation/world/Dice"
import { setTimeout as pause } from "node:timers/promises"
import type { Figure } from "../Figures.ts"
import type { Subject } from "../Subject.ts"
import { now } from "../Target.ts"
import { CourierClient } from "./CourierClient.ts"
import { isUnfinished, makeSource } from "./field.ts"

const connections = 64

export const eventCost = async (subject: Subject, events: number): Promise<ReadonlyArray<Figure>> => {
  const client = new CourierClient(subject.address, await makeSource(subject, `bench-${Date.now()}`), connections)
  const courier = new Courier(new Dice(1), { name: "B", orders: [], at: Date.now() })
  const live = async (count: number) => {
    await client.run(
      "fast",
      Array.from({ length: count }, () => ({ afterMs: 0, event: courier.next(), repeat: false }))
    )
    while (await isUnfinished(subject)) await pause(50)
  }
  await live(Math.min(events, 4_000))
  const [before, from] = [subject.cpuMicros(), now()]
  await live(events)
  const [after, until] = [subject.cpuMicros(), now()]
  await client.close()
  const figure = (name: string, unit: string, value: number, aim = ""): Figure => ({ name, unit, aim, runs: [value] })
  const [program, database] = [(after.program - before.program) / events, (after.database - before.database) / events]
  return [
    figure("a courier's event, program", "µs", program),
    figure("a courier's event, database", "µs", database),
    figure("a courier's event, program and database", "µs", program + database, "660"),
    figure("couriers' events from request to end, 64 clients", "1/s", (1_000 * events) / (until - from), "3,000")
  ]
}
