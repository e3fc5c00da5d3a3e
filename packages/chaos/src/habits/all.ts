/** All that people do beside the clients of a run, by name. */
import type { Habit } from "../Habits.ts"
import { bulkChanging } from "./bulkChanging.ts"
import { dropping } from "./dropping.ts"
import { pausing } from "./pausing.ts"
import { scheduling } from "./scheduling.ts"
import { subscribing } from "./subscribing.ts"

/** Of one run. */
export const habits = (): Readonly<Record<string, Habit>> => ({
  pausing,
  scheduling,
  subscribing,
  bulkChanging,
  dropping: dropping()
})
