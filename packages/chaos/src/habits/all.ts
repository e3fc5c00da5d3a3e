/** All that people do beside the clients of a run, by name. */
import type { Habit } from "../Habits.ts"
import { pausing } from "./pausing.ts"

export const habits: Readonly<Record<string, Habit>> = { pausing }
