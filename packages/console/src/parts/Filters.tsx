/** Filters that stand in the address and nowhere else: back, reload and a shared link show the same list. */
import { useEffect, useRef, useState } from "react"
import { useSearchParams } from "wouter"
import { type FieldProps, InstantField } from "./Fields.tsx"

export type Filter =
  | {
      readonly name: string
      readonly label: string
      readonly oneOf: ReadonlyArray<string>
      /** What is shown for one of them, and for none. */
      readonly words?: Readonly<Record<string, string>>
    }
  | { readonly name: string; readonly label: string; readonly type: "text"; readonly hint?: string }
  | { readonly name: string; readonly label: string; readonly type: "time" }

type Values = Readonly<Record<string, string>>

/** Those that are set, by name. */
export const useFilters = (
  filters: ReadonlyArray<Filter>
): readonly [Values, (name: string, value: string) => void] => {
  const [search, setSearch] = useSearchParams()
  const values = Object.fromEntries(
    filters.flatMap(({ name }) => {
      const value = search.get(name)
      return value === null || value === "" ? [] : [[name, value]]
    })
  )
  const set = (name: string, value: string) =>
    setSearch((before) => {
      const next = new URLSearchParams(before)
      if (value === "") next.delete(name)
      else next.set(name, value)
      return next
    })
  return [values, set]
}

/** What the filters say, in words: what somebody confirms before much is done. */
export const filterWords = (filters: ReadonlyArray<Filter>, values: Values): ReadonlyArray<string> =>
  filters.flatMap(({ label, name }) => (values[name] === undefined ? [] : [`${label}: ${values[name]}`]))

/** Takes effect a moment after the last key, or at once with Enter. */
const pauseMs = 350

const TextField = ({ hint, label, set, value }: FieldProps & { readonly hint?: string | undefined }) => {
  const [typed, setTyped] = useState(value)
  const latest = useRef(set)
  latest.current = set
  useEffect(() => setTyped(value), [value])
  useEffect(() => {
    if (typed === value) return
    const waiting = setTimeout(() => latest.current(typed), pauseMs)
    return () => clearTimeout(waiting)
  }, [typed, value])
  return (
    <label>
      {label}
      <input
        type="search"
        value={typed}
        placeholder={hint}
        data-filter=""
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => event.key === "Enter" && set(typed)}
      />
    </label>
  )
}

export const Filters = ({
  filters,
  set,
  values
}: {
  readonly filters: ReadonlyArray<Filter>
  readonly values: Values
  readonly set: (name: string, value: string) => void
}) => (
  <search className="filters">
    {filters.map((filter) => {
      const { label, name } = filter
      const field = { label, value: values[name] ?? "", set: (value: string) => set(name, value) }
      if ("oneOf" in filter)
        return (
          <label key={name}>
            {label}
            <select value={field.value} onChange={(event) => field.set(event.target.value)}>
              <option value="">{filter.words?.[""] ?? "Any"}</option>
              {filter.oneOf.map((one) => (
                <option key={one} value={one}>
                  {filter.words?.[one] ?? one}
                </option>
              ))}
            </select>
          </label>
        )
      return filter.type === "time" ? (
        <InstantField key={name} {...field} />
      ) : (
        <TextField key={name} {...field} hint={filter.hint} />
      )
    })}
  </search>
)
