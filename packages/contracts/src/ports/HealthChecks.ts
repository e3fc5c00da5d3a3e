/** How the program is: alive since when, which version, and what it depends on. */
import { Context, type Effect } from "effect"
import type { Role } from "../Role.ts"

export interface DependencyHealth {
  readonly name: string
  /** Without it the program cannot serve. */
  readonly needed: boolean
  readonly up: boolean
  /** What keeps it from being up, in words; not given while it is up, or when nobody knows. */
  readonly reason?: string
  /** How long the check took, in milliseconds. */
  readonly durationMs: number
}

export class HealthChecks extends Context.Service<
  HealthChecks,
  {
    readonly version: string
    /** Epoch milliseconds. */
    readonly startedAt: number
    /** `starting` until all layers are up, `draining` from the first signal to stop. */
    readonly phase: () => "starting" | "serving" | "draining"
    /** Those of the installation that this one sees, itself among them. */
    readonly processes: () => ReadonlyArray<{ readonly id: string; readonly roles: ReadonlyArray<Role> }>
    /** Asks every dependency, each within a bounded time; never fails. */
    readonly dependencies: Effect.Effect<ReadonlyArray<DependencyHealth>>
  }
>()("@dueline/contracts/ports/HealthChecks") {}
