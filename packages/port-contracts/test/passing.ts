/**
 * Lets objects of a kilobyte pass through a collection, of which it holds sixty-four at any time, as a server holds its requests. Prints the share of
 * them that collections of the young generation left in memory.
 */
import { Fifo } from "@dueline/contracts/TenantShares"
import { Recent } from "@dueline/contracts/Recent"
import { ShortLivedMap, ShortLivedSet } from "@dueline/contracts/ShortLived"

interface Passing {
  readonly content: ReadonlyArray<number>
}

interface Collection {
  readonly enter: (key: number, value: Passing) => void
  /** The one that has been in it for longest. */
  readonly leave: (key: number, value: Passing) => void
}

const ofMap = (map: Pick<Map<number, Passing>, "set" | "delete"> | Recent<number, Passing>): Collection => ({
  enter: (key, value) => void map.set(key, value),
  leave: (key) => void map.delete(key)
})
const ofSet = (set: Pick<Set<Passing>, "add" | "delete"> | ShortLivedSet<Passing>): Collection => ({
  enter: (_, value) => void set.add(value),
  leave: (_, value) => void set.delete(value)
})
const ofFifo = (fifo: Fifo<Passing>): Collection => ({
  enter: (_, value) => fifo.push(value),
  leave: () => void fifo.shift()
})

const collections: Readonly<Record<string, () => Collection>> = {
  Map: () => ofMap(new Map()),
  Set: () => ofSet(new Set()),
  ShortLivedMap: () => ofMap(new ShortLivedMap<number, Passing>() as unknown as Map<number, Passing>),
  ShortLivedSet: () => ofSet(new ShortLivedSet<Passing>()),
  Recent: () => ofMap(new Recent<number, Passing>(10_000)),
  Fifo: () => ofFifo(new Fifo<Passing>())
}

const held = 64
const passed = 20_000
const bytes = 1_024
const collection = collections[process.argv[2] ?? ""]?.()
if (collection === undefined || globalThis.gc === undefined) throw new Error("name a collection, under --expose-gc")

/** Who is in it is kept by the collection alone, but for the place in this ring. */
const ring: Array<Passing> = []
const collect = () => globalThis.gc?.({ type: "minor" })

globalThis.gc()
const before = process.memoryUsage().heapUsed
for (let key = 0; key < passed; key += 1) {
  const gone = ring[key % held]
  if (gone !== undefined) collection.leave(key - held, gone)
  const value = { content: Array.from({ length: bytes / 8 }, () => key + 0.5) }
  ring[key % held] = value
  collection.enter(key, value)
  if (key % 200 === 0) collect()
}
ring.length = 0
collect()
collect()
process.stdout.write(String((process.memoryUsage().heapUsed - before) / (passed * bytes)))
