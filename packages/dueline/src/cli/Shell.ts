/** What a command must know of the terminal it runs in. A reference, so that a test can be another terminal. */
import { Console, Context, Effect } from "effect"
import { GlobalFlag } from "effect/cli"
import * as Flag from "effect/cli/Flag"

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
  flag: Flag.Boolean("json").pipe(
    Flag.withDefault(false),
    Flag.withoutNegation,
    Flag.withDescription("Print JSON for machines: one document a line")
  )
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
