/**
 * The parts that the program can be taken apart into: all in one process by default, any of them in processes of their own. `ingest` takes in
 * what machines report and serves nothing else; `api` does so too.
 */
import { Schema } from "effect"

export const Role = Schema.Literals(["api", "orchestrator", "timer", "dispatcher", "executor", "ingest"])
export type Role = typeof Role.Type
