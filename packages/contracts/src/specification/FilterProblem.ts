/** Why a filter could not be read, fit to be shown to whoever wrote it. */
export interface FilterProblem {
  readonly code: "malformed" | "unknown_field" | "wrong_type" | "unknown_value" | "too_large"
  /** How many characters (UTF-16 code units) stand before the place. */
  readonly position: number
  /** What would have fitted there: words of the grammar, names of fields, values. Empty when it was too much of something. */
  readonly expected: ReadonlyArray<string>
  /** One sentence that says all of this. */
  readonly message: string
}

const maxFound = 30

/** `about` comes first, such as which field it is about; `found` is the text that stands there, empty at the end. */
export const misfit = (
  code: FilterProblem["code"],
  at: { readonly position: number; readonly source: string },
  expected: ReadonlyArray<string>,
  about = ""
): FilterProblem => {
  const found = at.source === "" ? "the end" : at.source.slice(0, maxFound).toWellFormed()
  const choice = expected.length === 1 ? expected.join("") : `one of ${expected.join(", ")}`
  const message = `at character ${at.position + 1}: ${about}expected ${choice}, found ${found}`
  return { code, position: at.position, expected, message }
}

export const tooLarge = (position: number, limit: string): FilterProblem => ({
  code: "too_large",
  position,
  expected: [],
  message: `at character ${position + 1}: a filter has at most ${limit}`
})
