/** What others may require of a bin, and what bins keep among themselves. */
import type { BinId, CustomerId } from "../Ids.ts"
import type { RowIs, Rules } from "../Rules.ts"
import type { binFields } from "./fields.ts"

type Field = keyof typeof binFields

export const binRules = {
  required: ["bin_missing", "bin_retired", "bin_in_maintenance", "bin_of_another_customer"],
  unique: [{ fields: ["serialNumber"], rule: "serial_taken" }],
  apart: []
} as const satisfies Rules<Field>

/** The bin is there, in service, and kept for nobody else. */
export const binFits = (
  binId: BinId,
  customerId: CustomerId
): RowIs<"bin", Field, (typeof binRules.required)[number]> => ({
  _tag: "RowIs",
  kind: "bin",
  id: binId,
  missing: "bin_missing",
  unless: [
    { field: "status", is: ["Retired"], rule: "bin_retired" },
    { field: "status", isNot: ["Active"], rule: "bin_in_maintenance" },
    { field: "customerId", isNot: [null, customerId], rule: "bin_of_another_customer" }
  ],
  hold: "update"
})
