/** What becomes of one item, whatever its job does. */
import type { BulkJobRow } from "@dueline/contracts/bulkJob/BulkJob"
import { systemEnvelope } from "@dueline/contracts/Envelope"
import type { IdempotencyKey } from "@dueline/contracts/Ids"
import type { Command } from "@dueline/contracts/kinds"
import type { Result } from "@dueline/contracts/ports/JobItems"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Effect } from "effect"

/** Cannot be done now, and is to be done later: the store or the bus is away, or too much waits. */
export class Hindered {
  readonly _tag = "Hindered"
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

export type Doing = Effect.Effect<Result, Hindered>

export const done = (id: string): Result => ({ id, outcome: "done", detail: null })
export const skipped = (id: string, detail: string): Result => ({ id, outcome: "skipped", detail })
export const failed = (id: string, detail: string): Result => ({ id, outcome: "failed", detail })

export const hindered = ({ _tag }: { readonly _tag: string }) => new Hindered(_tag)

/** A store that is away keeps an item for later. */
export const orLater = (doing: Effect.Effect<Result, Hindered | StoreUnavailable>): Doing =>
  Effect.catchTag(doing, "StoreUnavailable", (away) => Effect.fail(hindered(away)))

/**
 * The answer is kept with the commit under a key that follows from job and item: asked again, after whatever went wrong, it is answered and
 * not done again.
 */
export const commandFor = <C extends Command>(job: BulkJobRow, id: string, command: C) => {
  const key = `bulk-job:${job.bulkJobId}:${id}`
  return systemEnvelope("bulk-job", job, key, command, {
    idempotency: { key: key as IdempotencyKey, fingerprint: job.bulkJobId }
  })
}
