/** What a check of an installation found: what is wrong, and what to do. Checks are values, so that a start and `dueline doctor` share them. */
import { type Effect, Schema } from "effect"

export interface Finding {
  /** Which check found it: a stable name for scripts. */
  readonly check: string
  /** `fatal`: the program does not start with it. */
  readonly severity: "fatal" | "warning"
  /** What is wrong. */
  readonly detail: string
  /** What to do. */
  readonly advice: string
}

export interface Check<R = never> {
  readonly name: string
  /** Changes nothing, ends within a bounded time, and never fails: what cannot be looked at is a finding. */
  readonly run: Effect.Effect<ReadonlyArray<Finding>, never, R>
}

export const fatal = (check: string, detail: string, advice: string): Finding => ({
  check,
  severity: "fatal",
  detail,
  advice
})

export const warning = (check: string, detail: string, advice: string): Finding => ({
  check,
  severity: "warning",
  detail,
  advice
})

export const isFatal = ({ severity }: Finding): boolean => severity === "fatal"

export const sentenceOf = ({ advice, detail }: Finding): string => `${detail}: ${advice}`

/** The program does not start: everything that keeps it from starting, a line each. */
export class PreflightRefused extends Schema.TaggedError<PreflightRefused>()("PreflightRefused", {
  findings: Schema.Array(
    Schema.Struct({
      check: Schema.String,
      severity: Schema.Literals(["fatal", "warning"]),
      detail: Schema.String,
      advice: Schema.String
    })
  )
}) {
  override get message(): string {
    return this.findings.map(sentenceOf).join("\n")
  }
}
