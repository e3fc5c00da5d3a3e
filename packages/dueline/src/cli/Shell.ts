/** What a command knows of the terminal it runs in, how it prints, and how it fails. */
import { Console, Context, Data, Effect } from "effect"
import { GlobalFlag } from "effect/cli"
import { switchFlag } from "./flags.ts"

/** A reference, so that a test can be another terminal. */
export interface ShellFacts {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdoutIsTerminal: boolean
  readonly stderrIsTerminal: boolean
  /** https://no-color.org: any value that is not empty switches colour off. */
  readonly colour: boolean
  /** Minutes that local time is ahead of UTC at this instant (epoch ms). */
  readonly offsetMinutes: (millis: number) => number
}

const ofProcess = (): ShellFacts => ({
  env: process.env,
  stdoutIsTerminal: process.stdout.isTTY,
  stderrIsTerminal: process.stderr.isTTY,
  colour: process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb",
  offsetMinutes: (millis) => -new Date(millis).getTimezoneOffset()
})

export const Shell = Context.Reference<ShellFacts>("@dueline/dueline/cli/Shell", { defaultValue: ofProcess })

export const JsonOutput = GlobalFlag.Setting("json")({
  flag: switchFlag("json", "Print JSON for machines: one document a line")
})

/** Standard output: the value itself with `--json`, else the words made of it. */
export const print = <A>(value: A, words: (value: A) => string) =>
  Effect.flatMap(JsonOutput, (json) => Console.log(json ? JSON.stringify(value) : words(value)))

/** What to do next: only for a person, so only in a terminal, and never on standard output. */
export const hint = (text: string) =>
  Effect.gen(function* () {
    const { stderrIsTerminal } = yield* Shell
    if (stderrIsTerminal && !(yield* JsonOutput)) yield* Console.error(text)
  })

/** A command that could not do what it was asked, in words for the person who asked. */
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
