/** What is refused of bins, as a problem. */
import {
  Conflict,
  NotFound,
  type PreconditionFailed,
  type Unavailable,
  Unprocessable
} from "@dueline/contracts/api/ProblemError"
import type { BinRejection, CapacityAboveSize } from "@dueline/contracts/bin/Rejection"
import type { Refusal } from "@dueline/contracts/ports/Orchestrator"
import { Effect } from "effect"
import { keyReused, refusedAnewAnyway, refusedAnyway } from "../refusal.ts"
import { reject } from "../reject.ts"

type BinRefusal = Refusal<BinRejection>

export const binNotFound = reject(NotFound, "bin_not_found", "Check the id and the tenant.")

/** Of a change. */
export const refusedBin = (
  refusal: BinRefusal
): Effect.Effect<never, NotFound | Conflict | PreconditionFailed | Unprocessable | Unavailable> => {
  switch (refusal._tag) {
    case "BinNotFound":
      return binNotFound
    case "BinIsRetired":
      return reject(Conflict, "bin_retired", "Create another bin: nothing about this one changes any more.")
    case "BinInUse":
      return reject(
        Conflict,
        "bin_in_use",
        "Cancel or complete its scheduled and confirmed orders first; list them with `?binId=`."
      )
    case "BinIdTaken":
    case "SerialNumberTaken":
    case "BinCustomerUnfit":
    case "CapacityAboveSize":
      return unfit(refusal)
    default:
      return refusedAnyway(refusal)
  }
}

/** A new bin can be refused for fewer reasons; any other is a fault of ours. */
export const refusedNewBin = (refusal: BinRefusal): Effect.Effect<never, Conflict | Unprocessable | Unavailable> => {
  switch (refusal._tag) {
    case "BinNotFound":
    case "BinIsRetired":
    case "BinInUse":
      return Effect.die(refusal)
    case "BinIdTaken":
    case "SerialNumberTaken":
    case "BinCustomerUnfit":
    case "CapacityAboveSize":
      return unfit(refusal)
    default:
      return refusedAnewAnyway(refusal)
  }
}

type Unfit = Extract<
  BinRejection,
  { readonly _tag: "BinIdTaken" | "SerialNumberTaken" | "BinCustomerUnfit" | "CapacityAboveSize" }
>

const unfit = (rejection: Unfit): Effect.Effect<never, Conflict | Unprocessable> => {
  switch (rejection._tag) {
    case "BinIdTaken":
      return keyReused
    case "SerialNumberTaken":
      return reject(
        Conflict,
        "serial_number_taken",
        "Find the other bin with `?serialNumber=`, or give this one another number."
      )
    case "BinCustomerUnfit":
      return reject(Conflict, "customer_unfit", "Name a customer that is registered and not erased.", {
        conflict: { reason: rejection.reason }
      })
    case "CapacityAboveSize":
      return aboveSize(rejection)
  }
}

const aboveSize = ({ capacityLitres, sizeLitres }: CapacityAboveSize) =>
  reject(
    Unprocessable,
    "capacity_above_size",
    `A bin of ${sizeLitres} litres cannot take ${capacityLitres}: choose a smaller capacity, or a larger size first.`,
    { errors: [{ path: "body", message: `the capacity must be ${sizeLitres} litres at the most` }] }
  )
