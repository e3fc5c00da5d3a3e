/** The parts that the program can be taken apart into: all in one process by default, any of them in processes of their own. */
import { Schema } from "effect"

export const Role = Schema.Literals(["api", "orchestrator", "timer", "dispatcher", "executor"])
export type Role = typeof Role.Type
