/** One change that somebody asks for: it is sent once, and its refusal is shown where it was asked for. */
import { IdempotencyKey } from "@dueline/contracts/Ids"
import { useCallback, useEffect, useRef, useState } from "react"
import { ask, type Question } from "./backend.ts"
import { noticeTrouble } from "./connection.ts"
import { type Trouble, troubleOf } from "./trouble.ts"

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
