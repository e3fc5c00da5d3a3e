/** Fields of forms: a text, on one line or several, a time of the chosen zone's clock, and a choice. */
import { useId } from "react"

interface FieldProps {
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
