/** A command that could not do what it was asked, in words for the person who asked. */
import { Data } from "effect"

/** `notes` are further lines: details, and what to do. `exitCode`: 1 refused or failed, 2 wrong usage, others where `--help` says so. */
export class CommandFailed extends Data.TaggedError("CommandFailed")<{
  readonly message: string
  readonly notes?: ReadonlyArray<string>
  readonly exitCode?: number
}> {}

/** The command did what it was asked and the answer is an exit code; everything is already printed. */
export class Ended extends Data.TaggedError("Ended")<{ readonly exitCode: number }> {}

export const usage = (message: string, ...notes: ReadonlyArray<string>) =>
  new CommandFailed({ message, notes, exitCode: 2 })
