/** A list that is read page by page, and never held beyond a bound. */
import type { Effect } from "effect"
import { useCallback, useEffect, useRef, useState } from "react"
import { ask, type Client } from "./backend.ts"
import { noticeTrouble } from "./connection.ts"
import { type Trouble, troubleOf } from "./trouble.ts"

interface Page<Row> {
  readonly items: ReadonlyArray<Row>
  readonly nextCursor: string | null
}

export interface Pages<Row> {
  readonly rows: ReadonlyArray<Row>
  readonly trouble: Trouble | null
  readonly asking: boolean
  readonly at: number | null
  /** There is more. With no rows yet: the newest were looked through and none fits. */
  readonly more: boolean
  readonly again: () => void
  readonly further: () => void
  readonly change: (change: (rows: ReadonlyArray<Row>) => ReadonlyArray<Row>) => void
}

/** A filtered page may be empty and still have a next one: so many are read before somebody is asked. */
const pagesInARow = 5
export const rowsKept = 1_000

interface State<Row> {
  readonly key: string
  readonly rows: ReadonlyArray<Row>
  readonly cursor: string | null
  readonly trouble: Trouble | null
  readonly asking: boolean
  readonly at: number | null
}

interface Turn {
  readonly key: string
  readonly number: number
  readonly from: string | null
}

/** `key` stands for the filter: another one begins the list anew. Rows of the filter before stay, dimmed, until it has answered. */
export const usePages = <Row>(
  key: string,
  read: (api: Client, page: { readonly cursor?: string; readonly limit: number }) => Effect.Effect<Page<Row>, unknown>,
  limit = 50
): Pages<Row> => {
  const [state, setState] = useState<State<Row>>({
    key,
    rows: [],
    cursor: null,
    trouble: null,
    asking: true,
    at: null
  })
  const [turn, setTurn] = useState<Turn>({ key, number: 0, from: null })
  const current = useRef(read)
  current.current = read
  // A cursor is good for the filter it was issued for.
  const from = turn.key === key ? turn.from : null

  useEffect(() => {
    setState((before) => ({ ...before, asking: true }))
    let stop = () => {}
    const look = (cursor: string | null, left: number, found: ReadonlyArray<Row>) => {
      stop = ask((api) => current.current(api, cursor === null ? { limit } : { limit, cursor }), {
        answered: ({ items, nextCursor }) => {
          noticeTrouble(null)
          const all = [...found, ...items]
          if (all.length === 0 && nextCursor !== null && left > 1) return look(nextCursor, left - 1, all)
          setState((before) => ({
            key,
            rows: (from === null ? all : [...before.rows, ...all]).slice(0, rowsKept),
            cursor: nextCursor,
            trouble: null,
            asking: false,
            at: Date.now()
          }))
        },
        failed: (error) => {
          const trouble = troubleOf(error)
          noticeTrouble(trouble)
          setState((before) => ({
            ...before,
            rows: before.key === key ? before.rows : [],
            key,
            trouble,
            asking: false
          }))
        }
      })
    }
    look(from, pagesInARow, [])
    return () => stop()
  }, [key, turn.number, from, limit])

  const again = useCallback(() => setTurn(({ number }) => ({ key, number: number + 1, from: null })), [key])
  const further = useCallback(
    () => setTurn(({ number }) => ({ key, number: number + 1, from: state.cursor })),
    [key, state.cursor]
  )
  const change = useCallback(
    (change: (rows: ReadonlyArray<Row>) => ReadonlyArray<Row>) =>
      setState((before) => ({ ...before, rows: change(before.rows).slice(0, rowsKept) })),
    []
  )
  const { asking, at, cursor, rows, trouble } = state
  return { rows, trouble, asking, at, more: cursor !== null && rows.length < rowsKept, again, further, change }
}
