/** How long what has ended is kept: what a tenant says counts within what the installation allows. Days; null: for ever. */

export type Days = number | null

export interface RetentionLimits {
  readonly least: number
  /** What holds for a tenant that says nothing. */
  readonly most: Days
}

/** As long as any setting may say. */
export const mostDays = 36_500

export const isWithin = ({ least, most }: RetentionLimits, days: Days): boolean =>
  days === null ? most === null : days >= least && (most === null || days <= most)

/** The limits may have changed since the tenant said so: the nearest that they allow. `rule` null: it says nothing. */
export const keptDays = ({ least, most }: RetentionLimits, rule: { readonly days: Days } | null): Days => {
  if (rule === null || rule.days === null) return most
  const days = Math.max(least, rule.days)
  return most === null ? days : Math.min(most, days)
}
