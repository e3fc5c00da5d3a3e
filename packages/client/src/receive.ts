/**
 * A memory of what was received, by which nothing is done twice: not for a repeat, not for an attempt that was overtaken, not by two processes at
 * once, and not again after it was done. What failed may be done again. In memory for one process, in SQL for all of them.
 */
import type { Received } from "./verify.ts"

/** `mine`: it is to be done here. `done`: it was. `elsewhere`: it is being done, by this attempt or a later one. */
export type Claim = "mine" | "done" | "elsewhere"

export interface Memory {
  readonly claim: (received: Received) => Promise<Claim>
  /** Of one that was claimed: done for good, or to be done again by another attempt. */
  readonly settle: (received: Received, isDone: boolean) => Promise<void>
}

interface Kept {
  readonly callId: string | null
  readonly epoch: number
  readonly isDone: boolean
}

const isLater = (kept: Kept, { callId, epoch }: Received): boolean => kept.callId !== callId || kept.epoch < epoch

/** Remembers the latest `count`; more than come while one may be repeated. */
export const memoryOf = (count = 100_000): Memory => {
  const known = new Map<string, Kept>()
  const keep = ({ callId, epoch, id }: Received, isDone: boolean): void => {
    known.delete(id)
    known.set(id, { callId, epoch, isDone })
    const [oldest] = known.keys()
    if (known.size > count && oldest !== undefined) known.delete(oldest)
  }
  return {
    claim: async (received) => {
      const kept = known.get(received.id)
      if (kept?.isDone === true) return "done"
      if (kept !== undefined && !isLater(kept, received)) return "elsewhere"
      keep(received, false)
      return "mine"
    },
    settle: async (received, isDone) => {
      const kept = known.get(received.id)
      if (kept === undefined || kept.isDone || kept.callId !== received.callId || kept.epoch !== received.epoch) return
      if (isDone) keep(received, true)
      else known.delete(received.id)
    }
  }
}

/** Runs one statement with its parameters, as the clients of PostgreSQL do. */
export type Query = (
  statement: string,
  parameters: ReadonlyArray<string | number>
) => Promise<{ readonly rows: ReadonlyArray<unknown> }>

/** The table that `sqlMemory` needs. Delete what is older than messages can be repeated, such as a month. */
export const receivedTable = `create table if not exists dueline_received (
  id text primary key,
  call_id text not null,
  epoch bigint not null,
  begun_at timestamptz not null default now(),
  done_at timestamptz
)`

const claiming = `insert into dueline_received as r (id, call_id, epoch) values ($1, $2, $3)
  on conflict (id) do update set call_id = excluded.call_id, epoch = excluded.epoch, begun_at = now()
    where r.done_at is null and (r.call_id <> excluded.call_id or r.epoch < excluded.epoch)
  returning 1`

/** For PostgreSQL. In the transaction of what is done with a message, `claim` and `settle` make both one: done and remembered, or neither. */
export const sqlMemory = (query: Query): Memory => {
  const of = ({ callId, epoch, id }: Received) => [id, callId ?? "", epoch] as const
  return {
    claim: async (received) => {
      if ((await query(claiming, of(received))).rows.length > 0) return "mine"
      const done = "select 1 from dueline_received where id = $1 and done_at is not null"
      return (await query(done, [received.id])).rows.length > 0 ? "done" : "elsewhere"
    },
    settle: async (received, isDone) => {
      const mine = "where id = $1 and call_id = $2 and epoch = $3 and done_at is null"
      const statement = isDone
        ? `update dueline_received set done_at = now() ${mine}`
        : `delete from dueline_received ${mine}`
      await query(statement, of(received))
    }
  }
}

/** What to answer: 200 for what is done, now or before; 409 for what is being done, so that it is tried again. */
export type Done = { readonly status: 200; readonly now: boolean } | { readonly status: 409 }

/** Does it once. What `work` throws is thrown on, and the message may come again. */
export const once = async (memory: Memory, received: Received, work: () => Promise<void>): Promise<Done> => {
  const claim = await memory.claim(received)
  if (claim === "done") return { status: 200, now: false }
  if (claim === "elsewhere") return { status: 409 }
  try {
    await work()
  } catch (failure) {
    await memory.settle(received, false)
    throw failure
  }
  await memory.settle(received, true)
  return { status: 200, now: true }
}
