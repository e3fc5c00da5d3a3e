/** What becomes of a profile when some of it is changed. */
import type { ProfileChanges } from "@dueline/contracts/customer/CustomerEndpoints"
import { type CustomerProfile, ProfileField } from "@dueline/contracts/customer/Customer"

export const fieldsOf = (profile: CustomerProfile): ReadonlyArray<ProfileField> =>
  ProfileField.literals.filter((field) => profile[field] !== undefined)

/** What is left out stays, null takes away (RFC 7396). */
export const merge = (profile: CustomerProfile, changes: ProfileChanges): CustomerProfile => ({
  ...Object.fromEntries(
    ProfileField.literals.flatMap((field) => {
      const value = changes[field] === undefined ? profile[field] : changes[field]
      return value === undefined || value === null ? [] : [[field, value]]
    })
  ),
  name: changes.name ?? profile.name
})

export const changedFields = (before: CustomerProfile, after: CustomerProfile): ReadonlyArray<ProfileField> =>
  ProfileField.literals.filter((field) => before[field] !== after[field])
