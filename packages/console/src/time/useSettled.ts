/** What somebody types, once it has come to rest. */
import { useEffect, useState } from "react"

export const useSettled = <A>(value: A, afterMs: number): A => {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const waiting = setTimeout(() => setSettled(value), afterMs)
    return () => clearTimeout(waiting)
  }, [value, afterMs])
  return settled
}
