/** How long properties run and from which seed: small by default, set from outside by `pnpm test:property`. */

const wholeNumber = (name: string): number | undefined => {
  const text = process.env[name]
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

const seed = wholeNumber("DUELINE_PROPERTY_SEED")

/**
 * Options for `it.effect.prop` and `it.prop`: `{ arbitrary: propertyRuns }`; fast-check takes `numRuns: propertyRuns.runs`.
 * `runs` is the number of generated cases of each property. Without a seed every run draws a new one, and a failure prints it.
 */
export const propertyRuns: { readonly runs: number; readonly seed?: number } = {
  runs: wholeNumber("DUELINE_PROPERTY_RUNS") ?? 50,
  ...(seed === undefined ? {} : { seed })
}

/** The same for one property that is dearer or cheaper than others: `factor` times the usual number of cases, at least one. */
export const propertyRunsTimes = (factor: number): typeof propertyRuns => ({
  ...propertyRuns,
  runs: Math.max(1, Math.round(propertyRuns.runs * factor))
})
