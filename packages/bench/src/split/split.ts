/**
 * What a call costs when the program is taken apart, beside the program that has all in one, in turns: processor time of each process and server,
 * and the messages between them. Ratios hold on a busy machine too; absolute figures do not.
 */
import { type Figure, median } from "../Figures.ts"
import { type Load, makeLoad, untilAllEnded } from "../Load.ts"
import { newHome, removeHome, type Subject } from "../Subject.ts"
import { type Target, untilArrived } from "../Target.ts"
import { countMessages } from "./countMessages.ts"
import { startApart } from "./startApart.ts"

/** V8 compiles what runs often only by then. */
const warmUp = 8_000
const rounds = 3

/** Of a round: by process, in microseconds a call. */
type Costs = ReadonlyMap<string, number>

const sumOf = (costs: Costs, wanted: (name: string) => boolean): number =>
  [...costs].reduce((sum, [name, micros]) => (wanted(name) ? sum + micros : sum), 0)

/** Calls with a key, due at once, that succeed at the first attempt; 64 clients. */
export const split = async (whole: Subject, target: Target, calls: number): Promise<ReadonlyArray<Figure>> => {
  const home = newHome()
  const apart = await startApart(home)
  const live = async (load: Load, count: number) => {
    await target.reset()
    await load.submit(count, (i) => ({ url: `${target.url}/${i}` }))
    await untilArrived(target, count)
    await untilAllEnded(load)
  }
  const costing = async (load: Load, look: () => Costs): Promise<Costs> => {
    const before = look()
    await live(load, calls)
    return new Map([...look()].map(([name, micros]) => [name, (micros - (before.get(name) ?? 0)) / calls]))
  }
  const wholeCosts = () => new Map(Object.entries(whole.cpuMicros()))
  const [one, many] = [makeLoad(whole, 64), makeLoad(apart, 64)]
  for (const load of [one, many]) await live(load, warmUp)
  const [alone, together]: [Array<Costs>, Array<Costs>] = [[], []]
  for (let round = 0; round < rounds; round++) {
    alone.push(await costing(one, wholeCosts))
    together.push(await costing(many, apart.cpuMicros))
  }
  const counter = await countMessages(apart.natsPort)
  await live(many, calls)
  const messages = counter.counts()
  counter.stop()
  await Promise.all([one.close(), many.close()])
  await apart.stop()
  removeHome(home)

  const middle = (costs: ReadonlyArray<Costs>, wanted: (name: string) => boolean) =>
    median(costs.map((one) => sumOf(one, wanted)))
  const figure = (name: string, unit: string, value: number, aim = ""): Figure => ({ name, unit, aim, runs: [value] })
  const all = () => true
  const isStore = (name: string) => apart.stores.includes(name)
  return [
    figure("split, all of it", "× all in one", middle(together, all) / middle(alone, all), "≤ 1.4"),
    figure(
      "split, program",
      "× all in one",
      middle(together, (name) => !isStore(name)) / middle(alone, (name) => name === "program")
    ),
    figure("split, servers", "× all in one", middle(together, isStore) / middle(alone, (name) => name === "database")),
    ...["program", "database"].map((name) =>
      figure(
        `all in one: ${name}`,
        "µs",
        middle(alone, (one) => one === name)
      )
    ),
    ...[...(together[0]?.keys() ?? [])].map((name) =>
      figure(
        `split: ${name}`,
        "µs",
        middle(together, (one) => one === name)
      )
    ),
    ...[...messages]
      .toSorted(([, a], [, b]) => b.messages - a.messages)
      .map(([kind, { messages }]) => figure(`messages: ${kind}`, "a call", messages / calls))
  ]
}
