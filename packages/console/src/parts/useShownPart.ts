/** Of a long list the rows near what can be seen: the others are room that is kept for them, and cost nothing while the list changes. */
import { type RefObject, useEffect, useState } from "react"

/** So many are drawn whatever can be seen. */
const whole = 120
/** Beyond what can be seen, so that neither keys nor a turn of the wheel come to an end of it. */
const margin = 40
/** Drawn anew after so many rows have gone by. */
const step = 20

interface Part {
  readonly from: number
  readonly to: number
  /** Of one row, in pixels. */
  readonly height: number
}

const all: Part = { from: 0, to: whole, height: 0 }

export const useShownPart = (body: RefObject<HTMLTableSectionElement | null>, count: number): Part => {
  const [part, setPart] = useState(all)
  const long = count > whole
  useEffect(() => {
    if (!long) return setPart(all)
    const look = () => {
      const drawn = body.current?.querySelectorAll("tr[aria-rowindex]")
      const [first, last] = [drawn?.[0], drawn?.[drawn.length - 1]]
      if (body.current === null || drawn === undefined || first === undefined || last === undefined) return
      const height = (last.getBoundingClientRect().bottom - first.getBoundingClientRect().top) / drawn.length
      const above = Math.floor(-body.current.getBoundingClientRect().top / height)
      const seen = Math.ceil(window.innerHeight / height)
      const from = Math.max(0, Math.floor((above - margin) / step) * step)
      const to = Math.max(whole, from + Math.ceil((seen + 2 * margin + step) / step) * step)
      setPart((before) =>
        before.from === from && before.to === to && before.height > 0 ? before : { from, to, height }
      )
    }
    look()
    window.addEventListener("scroll", look, { passive: true })
    window.addEventListener("resize", look)
    return () => {
      window.removeEventListener("scroll", look)
      window.removeEventListener("resize", look)
    }
  }, [long, body])
  return part
}
