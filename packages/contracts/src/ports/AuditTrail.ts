/**
 * * Who did what to which resource, with what outcome. What was done stands in the event log and is read from there; written here is what changed
 * nothing or is no event: refusals, and what is done outside of aggregates. The tree over events and audit entries as the sealer needs it: what is
 * not in it yet, and how leaves get in.
 */
import { Context, type Effect } from "effect"
import type { EpochMillis, TenantId } from "../Ids.ts"
import type { StoreUnavailable } from "./Persistence.ts"

/** `left_out`: so many (`count`) of a tenant's refusals came in a minute that these were not written one by one. */
export type AuditOutcome = "done" | "refused" | "left_out"

export interface AuditActor {
  /** `user`: a token's subject or `api-key:…`. `operator`: whoever runs commands on the machine. `unknown`: who it was, is not known. */
  readonly kind: "user" | "system" | "operator" | "unknown"
  readonly id: string
}

/** Ids only: what personal data could be in does not belong here, since an entry is never changed. */
export interface AuditEntry {
  readonly tenantId: TenantId
  readonly at: EpochMillis
  readonly actor: AuditActor
  /** An operation, such as `orders.create` or `key.rotate`; of an event its type. */
  readonly action: string
  /** The id of what it is about, or another name of it. */
  readonly resource: string | null
  readonly outcome: AuditOutcome
  /** Why it was refused: the code of the problem. */
  readonly code: string | null
  readonly correlationId: string
  readonly count: number
}

export interface ListedEntry extends Omit<AuditEntry, "tenantId"> {
  /** The kind of aggregate, for what is read from the event log. */
  readonly kind: string | null
}

/** The tenant of what belongs to none: commands on the machine, and requests of which nobody knows whose they are. */
export const installationTenant = "00000000-0000-0000-0000-000000000000" as TenantId

/** Longer texts are cut. */
export const auditLengths = { actor: 300, action: 100, resource: 300, code: 100, correlationId: 100 } as const

/** Where a page ended. */
export interface AuditMark {
  /** A 64-bit number in decimal. */
  readonly transaction: string
  readonly position: number
  /** 0 for an event, 1 for an entry. */
  readonly kind: number
}

export type AuditOrder = "asc" | "desc"

export interface AuditQuery {
  readonly tenantId: TenantId
  readonly outcome?: AuditOutcome | undefined
  /** The id of the actor. */
  readonly actor?: string | undefined
  readonly resource?: string | undefined
  readonly correlationId?: string | undefined
  /** At or after. */
  readonly from?: number | undefined
  /** Before. */
  readonly to?: number | undefined
  /** Newest first if not given. */
  readonly order?: AuditOrder | undefined
  readonly after: AuditMark | null
  readonly limit: number
}

/** Where the rows of one log end that a stretch of the tree was made of. */
export interface LogPlace {
  /** A 64-bit number in decimal. */
  readonly transaction: string
  readonly position: number
}

/** A place in the tree, and the rows before it. */
export interface TreePlace {
  /** Leaves before it. */
  readonly at: number
  readonly events: LogPlace
  readonly entries: LogPlace
}

export const treeBeginning: TreePlace = {
  at: 0,
  events: { transaction: "0", position: 0 },
  entries: { transaction: "0", position: 0 }
}

/** Rows of one log in a stretch. `own`: those of the tenant by their number, counted from 0, with what is hashed of them. */
export interface StretchRows extends LogPlace {
  readonly found: number
  readonly own: ReadonlyArray<readonly [number: number, leaf: string]>
}

/** Leaves of the tree from a place on, no further than they are signed. */
export interface SignedStretch {
  readonly at: number
  /** One after the other, in hexadecimal. */
  readonly hashes: string
  /** A letter for each leaf: `e` an event, `a` an entry, upper case when it was removed. */
  readonly kinds: string
  readonly events: StretchRows
  readonly entries: StretchRows
  /** The latest checkpoint and its leaves; null and 0 before the first. */
  readonly note: string | null
  readonly size: number
  /** Leaves of the whole tree. */
  readonly sealed: number
  /** Notes that one key of checkpoints follows another, signed by both. */
  readonly successions: ReadonlyArray<string>
}

export class AuditTrail extends Context.Service<
  AuditTrail,
  {
    /** Durable when it succeeds, all or none. What is too long is cut. */
    readonly append: (entries: ReadonlyArray<AuditEntry>) => Effect.Effect<void, StoreUnavailable>
    /**
     * By when it was committed. A page may be short, even empty, and have a next one. Oldest first, whoever reads on sees each item once, also of what is
     * committed meanwhile; the newest come with the next look.
     */
    readonly list: (
      query: AuditQuery
    ) => Effect.Effect<
      { readonly items: ReadonlyArray<ListedEntry>; readonly next: AuditMark | null },
      StoreUnavailable
    >
    /** For whoever checks that what they see is what was signed. At most `limit` leaves. */
    readonly stretch: (query: {
      readonly tenantId: TenantId
      readonly from: TreePlace
      readonly limit: number
    }) => Effect.Effect<SignedStretch, StoreUnavailable>
  }
>()("@dueline/contracts/ports/AuditTrail") {}

/** The entry with its texts cut to what is kept. */
export const boundedEntry = (entry: AuditEntry): AuditEntry => {
  const cut = (text: string, length: number) => text.slice(0, length).toWellFormed().replaceAll("\0", "\uFFFD")
  return {
    ...entry,
    actor: { ...entry.actor, id: cut(entry.actor.id, auditLengths.actor) },
    action: cut(entry.action, auditLengths.action),
    resource: entry.resource === null ? null : cut(entry.resource, auditLengths.resource),
    code: entry.code === null ? null : cut(entry.code, auditLengths.code),
    correlationId: cut(entry.correlationId, auditLengths.correlationId)
  }
}

/** Hashes of leaves of one kind, in hexadecimal, and the place of the last. */
export interface Unsealed {
  readonly count: number
  readonly hashes: string
  /** A 64-bit number in decimal; null when there is none. */
  readonly transaction: string | null
  readonly position: number | null
}

export interface TreeNow {
  readonly size: number
  /** In hexadecimal. */
  readonly peaks: string
  readonly entries: Unsealed
  readonly events: Unsealed
  /** A look that begins at this transaction misses nothing. */
  readonly next: string
  /** By the database's clock, epoch milliseconds. */
  readonly now: number
  /** The latest checkpoint. */
  readonly signed: { readonly size: number; readonly at: number } | null
}

/** Leaves that come into one tile. */
export interface TilePart {
  readonly tile: number
  readonly hashes: string
  readonly kinds: string
}

export interface Growth {
  /** As the caller has seen it. */
  readonly size: number
  readonly to: number
  readonly peaks: string
  /** What comes into each tile, the first into one that may hold some already. */
  readonly tiles: ReadonlyArray<TilePart>
  readonly entries: Pick<Unsealed, "transaction" | "position">
  readonly events: Pick<Unsealed, "transaction" | "position">
}

export interface TreeStore {
  /** One statement. At most `limit` leaves of each kind. */
  readonly unsealed: (from: string, limit: number) => Effect.Effect<TreeNow, StoreUnavailable>
  /** False when the tree has grown meanwhile: nothing was done. */
  readonly seal: (growth: Growth) => Effect.Effect<boolean, StoreUnavailable>
  readonly keepCheckpoint: (size: number, at: number, note: string) => Effect.Effect<void, StoreUnavailable>
}
