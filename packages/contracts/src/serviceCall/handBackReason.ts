/** The reason of a hand-back as events and commands carry it: programs of before 0.2 know two, and every other one beside them. */
import type { HandBackReason } from "./Spec.ts"

interface Carried {
  readonly reason: "circuit_open" | "draining"
  readonly cause?: HandBackReason
}

export const handBackReasonOf = ({ cause, reason }: Carried): HandBackReason => cause ?? reason

export const carryHandBackReason = (reason: HandBackReason): Carried =>
  reason === "circuit_open" || reason === "draining" ? { reason } : { reason: "draining", cause: reason }
