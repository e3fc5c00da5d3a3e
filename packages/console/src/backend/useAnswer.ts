/** One question to the edge, as a screen sees it: what was answered last, what went wrong, and whether it is being asked. */
import { useCallback, useEffect, useRef, useState } from "react"
import { ask, type Question } from "./backend.ts"
import { noticeTrouble } from "./connection.ts"
import { type Trouble, troubleOf } from "./trouble.ts"
import { useEvery } from "./useEvery.ts"

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
