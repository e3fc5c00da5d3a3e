/**
 * What a screen asks of the edge: one question, a list page by page and never held beyond a bound, and one change, which is sent once and whose
 * refusal is shown where it was asked for.
 */
import { IdempotencyKey } from "@dueline/contracts/Ids"
import type { Effect } from "effect"
import { useCallback, useEffect, useRef, useState } from "react"
import { ask, type Client, type Question } from "./backend.ts"
import { noticeTrouble, type Trouble, troubleOf } from "./trouble.ts"

export interface Answer<A> {
  /** What was answered last; it stays while the question is asked again, and when that fails. */
  readonly value: A | null
  readonly trouble: Trouble | null
  readonly asking: boolean
  /** When `value` was answered, in epoch milliseconds. */
  readonly at: number | null
  readonly again: () => void
}

interface State<A> {
  readonly value: A | null
  readonly trouble: Trouble | null
  readonly asking: boolean
  readonly at: number | null
}

/**
 * Asks when the page is shown and whenever `key`, which stands for the question, changes. `everyMs`: again so long after each answer,
 * while the page can be seen; an answer that takes longer is waited for, so that questions never pile up.
 */
export const useAnswer = <A>(key: string, question: Question<A>, everyMs: number | null = null): Answer<A> => {
  const [state, setState] = useState<State<A>>({ value: null, trouble: null, asking: true, at: null })
  const [turn, setTurn] = useState(0)
  const current = useRef(question)
  current.current = question
  useEffect(() => {
    setState((before) => ({ ...before, asking: true }))
    return ask((api) => current.current(api), {
      answered: (value) => {
        noticeTrouble(null)
        setState({ value, trouble: null, asking: false, at: Date.now() })
      },
      failed: (error) => {
        const trouble = troubleOf(error)
        noticeTrouble(trouble)
        setState((before) => ({ ...before, trouble, asking: false }))
      }
    })
  }, [key, turn])
  const again = useCallback(() => setTurn((n) => n + 1), [])
  useEvery(state.asking ? null : everyMs, again)
  return { ...state, again }
}

/** One change that somebody asks for: it is sent once, and its refusal is shown where it was asked for. */
export interface Act {
  readonly busy: boolean
  readonly trouble: Trouble | null
  /** Nothing while the one before is under way. */
  readonly act: <A>(question: Question<A>, done: (value: A) => void) => void
  readonly forget: () => void
}

export const useAct = (): Act => {
  const [busy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<Trouble | null>(null)
  const going = useRef<(() => void) | null>(null)
  // What was sent goes on when its page is left: it may have happened, and must not be broken off half way.
  const shown = useRef(true)
  useEffect(() => {
    shown.current = true
    return () => {
      shown.current = false
    }
  }, [])
  const act = useCallback(<A>(question: Question<A>, done: (value: A) => void) => {
    if (going.current !== null) return
    setBusy(true)
    setTrouble(null)
    going.current = ask(question, {
      answered: (value) => {
        going.current = null
        noticeTrouble(null)
        if (!shown.current) return
        setBusy(false)
        done(value)
      },
      failed: (error) => {
        going.current = null
        const found = troubleOf(error)
        noticeTrouble(found)
        if (!shown.current) return
        setBusy(false)
        setTrouble(found)
      }
    })
  }, [])
  const forget = useCallback(() => setTrouble(null), [])
  return { busy, trouble, act, forget }
}

/** Under it a change that is sent again is not done again. Not every page may call `randomUUID`: it wants https or this machine. */
export const newKey = (): IdempotencyKey =>
  IdempotencyKey.make(
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("")
  )

/** A list that is read page by page, and never held beyond a bound. */
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

interface PagesState<Row> {
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
  const [state, setState] = useState<PagesState<Row>>({
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

/** Does something again and again while the page can be seen. Null: not now. */
export const useEvery = (everyMs: number | null, act: () => void): void =>
  useEffect(() => {
    if (everyMs === null) return
    const waiting = setInterval(() => document.visibilityState === "visible" && act(), everyMs)
    return () => clearInterval(waiting)
  }, [everyMs, act])
