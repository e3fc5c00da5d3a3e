/** Fields of forms: a text, on one line or several, a time of the chosen zone's clock, and a choice. */
import { useId } from "react"
import { useAtom } from "../backend/useAtom.ts"
import { zoneAtom } from "../time/Time.tsx"
import { instantOf, typedTime } from "../time/zone.ts"

export interface FieldProps {
  readonly label: string
  readonly value: string
  readonly set: (value: string) => void
}

export const Field = ({
  label,
  options,
  rows,
  set,
  value
}: FieldProps & {
  /** What is offered while somebody types; anything else may be typed too. */
  readonly options?: ReadonlyArray<string>
  readonly rows?: number
}) => {
  const id = useId()
  return (
    <label>
      {label}
      {rows === undefined ? (
        <input
          value={value}
          list={options === undefined ? undefined : id}
          onChange={(event) => set(event.target.value)}
        />
      ) : (
        <textarea rows={rows} value={value} spellCheck={false} onChange={(event) => set(event.target.value)} />
      )}
      {options === undefined ? null : (
        <datalist id={id}>
          {options.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </datalist>
      )}
    </label>
  )
}

/** As `typedTime` and `instantOf` have it. */
export const TimeField = ({ label, set, value }: FieldProps) => (
  <label>
    {label}
    <input type="datetime-local" value={value} onChange={(event) => set(event.target.value)} />
  </label>
)

/** An instant, as ISO 8601 has it; empty for none. Left alone while it is typed: a time that is half written is none. */
export const InstantField = ({
  label,
  set,
  value,
  ...bounds
}: FieldProps & { readonly min?: string; readonly step?: string }) => {
  const zone = useAtom(zoneAtom)
  const typed = (text: string) => {
    const at = instantOf(text, zone)
    set(Number.isFinite(at) ? new Date(at).toISOString() : "")
  }
  return (
    <label>
      {label}
      <input
        key={value}
        type="datetime-local"
        {...bounds}
        defaultValue={typedTime(Date.parse(value), zone)}
        onBlur={(event) => typed(event.target.value)}
        onKeyDown={(event) => event.key === "Enter" && typed(event.currentTarget.value)}
      />
    </label>
  )
}

export const Choice = ({ label, of, set, value }: FieldProps & { readonly of: ReadonlyArray<string> }) => (
  <label>
    {label}
    <select value={value} onChange={(event) => set(event.target.value)}>
      {of.map((one) => (
        <option key={one}>{one}</option>
      ))}
    </select>
  </label>
)
