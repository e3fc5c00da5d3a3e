/** A filter that is being read, from left to right. */
import type { Token } from "./filterTokens.ts"
import type { Field } from "./Specification.ts"

export interface FilterReading {
  readonly fields: Readonly<Record<string, Omit<Field<never>, "read">>>
  readonly tokens: ReadonlyArray<Token>
  /** How many tokens have been taken. */
  taken: number
  comparisons: number
}

const nowhere: Token = { kind: "end", source: "", position: 0 }

/** The next token; the end again and again once it is reached. */
export const peek = ({ taken, tokens }: FilterReading): Token => tokens[taken] ?? tokens.at(-1) ?? nowhere

export const take = (reading: FilterReading): Token => {
  const token = peek(reading)
  reading.taken += 1
  return token
}
