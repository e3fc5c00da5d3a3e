/**
 * Tells a profile from anything else by its shape alone: one that was sealed under milder rules than today's can still be read by whom it
 * belongs to.
 */
import { type CustomerProfile, ProfileField } from "@dueline/contracts/customer/Spec"

const known: ReadonlySet<string> = new Set(ProfileField.literals)

export const isProfile = (value: unknown): value is CustomerProfile =>
  typeof value === "object" &&
  value !== null &&
  "name" in value &&
  Object.entries(value).every(([field, text]) => known.has(field) && typeof text === "string")
