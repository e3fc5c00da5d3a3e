/** Does something again and again while the page can be seen. Null: not now. */
import { useEffect } from "react"

export const useEvery = (everyMs: number | null, act: () => void): void =>
  useEffect(() => {
    if (everyMs === null) return
    const waiting = setInterval(() => document.visibilityState === "visible" && act(), everyMs)
    return () => clearInterval(waiting)
  }, [everyMs, act])
