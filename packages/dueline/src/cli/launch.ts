/** Runs the command line that this process was started with, and ends the process with its exit code. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Effect, Exit } from "effect"
import * as logging from "../logging.ts"
import { run } from "./Dueline.ts"

const args = process.argv.slice(2)

/** A reader that has seen enough (`dueline call list | head`) is no failure. */
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1))

/** A log that nobody can take any more, its reader gone or its disk full, ends nothing: what is written there is lost, and no more than that. */
process.stderr.on("error", () => undefined)

/** The terminal that it was started in is gone: that asks it to stop, as whoever sends SIGTERM does. */
process.on("SIGHUP", () => process.kill(process.pid, "SIGTERM"))

/** Being told to stop is what ends `serve`; for any other command it is a failure (130, as shells have it). */
const exitCodeOf = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit)) return typeof exit.value === "number" ? exit.value : 0
  return Cause.hasInterruptsOnly(exit.cause) ? (args[0] === "serve" ? 0 : 130) : 1
}

/** What a command answers is all that standard output holds. What it meets on its way goes beside it; `serve` brings a log of its own. */
const log = logging.layer({ LOG_FORMAT: "auto", LOG_LEVEL: "warn" })

const program: Effect.Effect<number> = run(args).pipe(Effect.provide([NodeServices.layer, log]))

NodeRuntime.runMain(program, { teardown: (exit, onExit) => onExit(exitCodeOf(exit)) })
