/** The latest state of streams this writer has written or read: what lets most commands be decided without a query. */
import type { StreamId, TenantId } from "@dueline/contracts/Ids"
import { Recent } from "@dueline/contracts/Recent"

export interface Remembered<S, E> {
  readonly state: S
  readonly version: number
  readonly sealed: string | null
  /** The stream's latest commands and what each decided, newest last: their own receipts, should an answer have been lost. */
  readonly recent: ReadonlyArray<Carried<E>>
}

/** A command that was carried out. */
export interface Carried<E> {
  readonly commandId: string
  readonly events: ReadonlyArray<E>
}

/** A command that is asked again after so many others have changed its stream is not recognised by its id any more. */
const recentLimit = 16

export const withCarried = <E>(recent: ReadonlyArray<Carried<E>>, one: Carried<E>): ReadonlyArray<Carried<E>> =>
  recent.length < recentLimit ? [...recent, one] : [...recent.slice(1 - recentLimit), one]

/** Tenant and stream in one string; a stream id never stands without its tenant. */
export const streamKey = (tenantId: TenantId, streamId: StreamId): string => `${tenantId}/${streamId}`

/** The same for a receipt: an idempotency key never stands without its tenant either. */
export const receiptKey = (tenantId: string, key: string): string => `${tenantId}/${key}`

/**
 * Bounded by entries and, since an attachment may be large, by its length in characters. The oldest half goes first. Being wrong is
 * harmless: the expected version in the store is the fence, and a conflict forgets the entry.
 */
export class StreamCache<S, E> {
  private readonly entries: Recent<string, Remembered<S, E>>
  private readonly entryLimit: number
  private readonly sealedLimit: number

  constructor(entryLimit: number, sealedLimit: number) {
    this.entries = new Recent(entryLimit / 2)
    this.entryLimit = entryLimit
    this.sealedLimit = sealedLimit
  }

  get(key: string): Remembered<S, E> | undefined {
    return this.entries.get(key)
  }

  set(key: string, entry: Remembered<S, E>): void {
    const isTooLong = entry.sealed !== null && entry.sealed.length > this.sealedLimit
    if (this.entryLimit === 0 || isTooLong) this.forget(key)
    else this.entries.set(key, entry)
  }

  forget(key: string): void {
    this.entries.delete(key)
  }

  get size(): number {
    return this.entries.size
  }
}
