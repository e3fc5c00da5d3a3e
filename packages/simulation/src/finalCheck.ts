/** Once more over the whole store at the end of a world: what no single write shows. */
import type { MemoryStore } from "@dueline/port-contracts/memory/MemoryStore"
import type { LogCheck } from "./LogCheck.ts"
import type { World } from "./World.ts"

export const finalCheck = (world: World, log: LogCheck, { dump }: MemoryStore["Service"]): void => {
  const { dead, events, receipts, rows } = dump()
  const streams = log.calls.size + log.fields.streams.size
  if (rows.length !== streams) {
    world.violate("the row equals the fold of the log", `${rows.length} rows for ${streams} streams`)
  }
  events.forEach(({ position }, i) => {
    if (position !== i + 1) world.violate("positions are contiguous", `${position} at place ${i + 1}`)
  })
  for (const { receipt, streamId, tenantId } of receipts) {
    const told = `${receipt.key} at ${receipt.version}`
    const version = log.versionOf(tenantId, streamId)
    if (receipt.version > version) {
      world.violate("a receipt tells of what is in the log", `${told} of ${version}`)
    }
  }
  for (const { entry, errors } of dead) {
    if (errors.length < 10)
      world.violate("a dead letter has its history", `${entry.eventId} after ${errors.length} failures`)
  }
}
