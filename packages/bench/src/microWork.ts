/** What `bench:micro` samples: something that users have done, so often, until all of it has ended. */
import { Courier } from "@dueline/simulation/clients/Courier"
import { Dice } from "@dueline/simulation/world/Dice"
import { setTimeout as pause } from "node:timers/promises"
import { Pool } from "undici"
import { CourierClient } from "./courier/CourierClient.ts"
import { makeOrders, makeSource, isUnfinished } from "./courier/field.ts"
import { makeLoad, untilAllEnded } from "./Load.ts"
import { batchSize, keyOf, taken } from "./productEvents.ts"
import type { Subject } from "./Subject.ts"
import { type Target, untilArrived } from "./Target.ts"

interface Work {
  readonly run: (count: number) => Promise<void>
  /** So many before: what has just started runs code that is not compiled yet. */
  readonly warmUp: number
  readonly close: () => Promise<void>
}

type MakeWork = (subject: Subject, target: Target, clients: number) => Promise<Work>

const calls: MakeWork = async (subject, target, clients) => {
  const load = makeLoad(subject, clients)
  return {
    warmUp: 4_000,
    run: async (count) => {
      await target.reset()
      await load.submit(count, (i) => ({ url: `${target.url}/${i}` }))
      await untilArrived(target, count)
      await untilAllEnded(load)
    },
    close: load.close
  }
}

const courierEvents: MakeWork = async (subject, _, clients) => {
  const source = await makeSource(subject, "micro")
  const orders = await makeOrders(subject, 50)
  const client = new CourierClient(subject.address, source, clients)
  const courier = new Courier(new Dice(7).fork("courier"), { name: "M", orders, at: Date.now() })
  return {
    warmUp: 3_000,
    run: async (count) => {
      const planned = Array.from({ length: count }, () => ({ afterMs: 0, event: courier.next(), repeat: false }))
      const began = performance.now()
      await client.run("fast", planned)
      console.error(`${Math.round(count / ((performance.now() - began) / 1_000))} acknowledged a second`)
      while (await isUnfinished(subject)) await pause(100)
      console.error(`${Math.round(count / ((performance.now() - began) / 1_000))} ended a second`)
    },
    close: () => client.close()
  }
}

const productEvents: MakeWork = async (subject, _, clients) => {
  const key = await keyOf(subject)
  const pool = new Pool(subject.address, { connections: clients, pipelining: 1 })
  return {
    warmUp: 20_000,
    run: async (count) => {
      const rate = await taken(pool, key, Math.ceil(count / batchSize) * batchSize, clients)
      console.error(`${Math.round(rate)} stored a second`)
    },
    close: () => pool.close()
  }
}

export const works = { calls, "courier-events": courierEvents, "product-events": productEvents } as const
export const isWork = (name: string): name is keyof typeof works => name in works
