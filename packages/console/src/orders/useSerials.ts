/** Bins by the serial numbers that people know them by. */
import { Effect } from "effect"
import { useMemo } from "react"
import { useAnswer } from "../backend/useAnswer.ts"
import { shortId } from "../parts/ids.ts"
import { useMay } from "../parts/useMay.ts"

/** As many as a page has at the most; the bins beyond it are shown by the end of their id. */
const asked = 200

export const useSerials = (): ((bin: string) => string) => {
  const may = useMay("ops:bins.read")
  const { value } = useAnswer("bins", ({ bins }) =>
    may ? bins.list({ query: { limit: asked } as never }) : Effect.succeed(null)
  )
  return useMemo(() => {
    const serials = new Map(value?.items.map(({ id, serialNumber }) => [id as string, serialNumber]))
    return (bin) => serials.get(bin) ?? shortId(bin)
  }, [value])
}
