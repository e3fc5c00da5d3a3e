/** Parts of the program whose lines are told apart and have levels of their own, and what a hot path asks of its level when it is made. */
import { Context, type LogLevel, References } from "effect"

export const logModules = ["api", "orchestrator", "timer", "dispatcher", "executor", "bus", "database"] as const
export type LogModule = (typeof logModules)[number]

/** Which part a line is of. Beside the annotations, which belong to what caused the line. */
export const CurrentLogModule = Context.Reference<LogModule | null>("@dueline/contracts/CurrentLogModule", {
  defaultValue: () => null
})

const talkative: ReadonlySet<LogLevel.LogLevel> = new Set<LogLevel.LogLevel>(["All", "Trace", "Debug"])

/** Whether lines for debugging are written here. Where they are not, nothing is to be spent on them. */
export const tellsDetails = (context: Context.Context<never>): boolean =>
  talkative.has(Context.get(context, References.MinimumLogLevel))
