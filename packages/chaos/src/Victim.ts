/** Whatever can be hurt: a process of the program, or a server. */

export type Condition = "down" | "starting" | "up" | "paused"

export interface Victim {
  readonly name: string
  readonly condition: Condition
  /** Until it is of use again. Without effect when it is. */
  readonly start: () => Promise<void>
  /** `kill -9`; resolves when it is gone. */
  readonly kill: () => Promise<void>
  /** SIGSTOP. */
  readonly pause: () => void
  /** SIGCONT; without effect when it is not paused. */
  readonly resume: () => void
}

export interface Quitter extends Victim {
  /** SIGTERM; resolves with the exit code when it is gone, null when a signal ended it. */
  readonly quit: () => Promise<number | null>
}
