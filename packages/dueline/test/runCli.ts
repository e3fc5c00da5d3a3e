/** Runs one command line in this process and tells what a person would have seen. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer, Stdio, Stream } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import { TestConsole } from "effect/testing"
import { run } from "../src/cli/Dueline.ts"
import { Shell } from "../src/cli/Shell.ts"

export interface Seen {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface Terminal {
  readonly env?: Readonly<Record<string, string>>
  readonly fetch?: typeof globalThis.fetch
  /** What comes on standard input. */
  readonly stdin?: string | Uint8Array
  readonly isTerminal?: boolean
  readonly colour?: boolean
  readonly offsetMinutes?: number
}

const bytesOf = (text: string | Uint8Array): Uint8Array =>
  typeof text === "string" ? new TextEncoder().encode(text) : text

/** Nothing of the machine's environment gets in; without `fetch` the network must not be touched. */
export const runCli = (args: ReadonlyArray<string>, terminal: Terminal = {}): Effect.Effect<Seen> =>
  Effect.gen(function* () {
    const console = yield* TestConsole.make
    const exitCode = yield* Effect.provideService(run(args), Console.Console, console)
    const [stdout, stderr] = [yield* console.logLines, yield* console.errorLines]
    return { exitCode, stdout: stdout.join("\n"), stderr: stderr.join("\n") }
  }).pipe(
    Effect.provide(
      Layer.merge(NodeServices.layer, Stdio.layerTest({ stdin: Stream.succeed(bytesOf(terminal.stdin ?? "")) }))
    ),
    Effect.provideService(
      FetchHttpClient.Fetch,
      terminal.fetch ?? (() => Promise.reject(new Error("the network was touched")))
    ),
    Effect.provideService(Shell, {
      env: { DUELINE_TOKEN: "a-token", ...terminal.env },
      stdoutIsTerminal: terminal.isTerminal ?? false,
      stderrIsTerminal: terminal.isTerminal ?? false,
      colour: terminal.colour ?? false,
      offsetMinutes: () => terminal.offsetMinutes ?? 0
    })
  )
