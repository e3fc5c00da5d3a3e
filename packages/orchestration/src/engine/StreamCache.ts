/** The latest state of streams this writer has written or read: what lets most commands be decided without a query. */
import type { StreamId, TenantId } from "@dueline/contracts/Ids"

export interface Remembered<S, E> {
  readonly state: S
  readonly version: number
  readonly sealed: string | null
  /** The stream's latest command and what it decided: its own receipt, should its answer have been lost. */
  readonly last: { readonly commandId: string; readonly events: ReadonlyArray<E> } | null
}

/** Tenant and stream in one string; a stream id never stands without its tenant. */
export const streamKey = (tenantId: TenantId, streamId: StreamId): string => `${tenantId}/${streamId}`

/**
 * Bounded by entries and, since an attachment may be large, by its length in characters. The oldest entry goes first. Being wrong is
 * harmless: the expected version in the store is the fence, and a conflict forgets the entry.
 */
export class StreamCache<S, E> {
  private readonly entries = new Map<string, Remembered<S, E>>()
  private readonly entryLimit: number
  private readonly sealedLimit: number

  constructor(entryLimit: number, sealedLimit: number) {
    this.entryLimit = entryLimit
    this.sealedLimit = sealedLimit
  }

  get(key: string): Remembered<S, E> | undefined {
    return this.entries.get(key)
  }

  set(key: string, entry: Remembered<S, E>): void {
    this.entries.delete(key)
    if (entry.sealed !== null && entry.sealed.length > this.sealedLimit) return
    this.entries.set(key, entry)
    if (this.entries.size <= this.entryLimit) return
    for (const oldest of this.entries.keys()) {
      this.entries.delete(oldest)
      return
    }
  }

  forget(key: string): void {
    this.entries.delete(key)
  }

  get size(): number {
    return this.entries.size
  }
}
