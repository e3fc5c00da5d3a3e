/** One thing as it was: with a version, by a slider, or at an instant. Which one stands in the address. */
import { useSearchParams } from "wouter"
import { useAtom } from "../backend/useAtom.ts"
import { InstantField } from "./Fields.tsx"
import { zoneAtom } from "../time/chosenZone.ts"
import { typedTime } from "../time/zone.ts"

/** Null: as it is now. */
export const useAsOf = (): readonly [string | null, (asOf: string | null) => void] => {
  const [search, setSearch] = useSearchParams()
  const set = (asOf: string | null) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before)
        if (asOf === null) next.delete("asOf")
        else next.set("asOf", asOf)
        return next
      },
      // The way back leads to the page before, not through each step of a slider.
      { replace: search.has("asOf") && asOf !== null }
    )
  return [search.get("asOf"), set]
}

interface AsOfProps {
  readonly asOf: string | null
  readonly set: (asOf: string | null) => void
  readonly of: { readonly version: number; readonly createdAt: string }
}

const isVersion = (asOf: string): boolean => /^\d+$/u.test(asOf)

export const AsOf = ({ asOf, of: { createdAt, version }, set }: AsOfProps) => {
  const zone = useAtom(zoneAtom)
  const chosen = asOf !== null && isVersion(asOf) ? Number(asOf) : version
  return (
    <search className="filters asof" aria-label="As it was">
      <label>
        Version {chosen} of {version}
        <input
          type="range"
          min="1"
          max={version}
          value={chosen}
          disabled={version < 2}
          onChange={(event) => set(Number(event.target.value) === version ? null : event.target.value)}
        />
      </label>
      <InstantField
        label={`As of, in ${zone}`}
        step="1"
        min={typedTime(Date.parse(createdAt), zone)}
        value={asOf === null || isVersion(asOf) ? "" : asOf}
        set={(instant) => instant !== "" && set(instant)}
      />
      {asOf === null ? null : (
        <button type="button" onClick={() => set(null)}>
          As it is now
        </button>
      )}
    </search>
  )
}
