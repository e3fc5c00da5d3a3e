/** Cron expressions as a person says them. */
import { describe, expect, it } from "vitest"
import { cronWords } from "../src/schedules/scheduleWords.ts"

describe("a cron expression in words", () => {
  it.for([
    ["* * * * *", "every minute"],
    ["*/15 * * * *", "every 15 minutes"],
    ["*/5 * * * MON-FRI", "every 5 minutes, Monday to Friday"],
    ["5 * * * *", "every hour at 05 past"],
    ["0 */6 * * *", "every 6 hours at 00 past"],
    ["30 2 * * *", "every day at 02:30"],
    ["0 8 * * MON-FRI", "Monday to Friday at 08:00"],
    ["0 8 * * 1,3,7", "Monday, Wednesday and Sunday at 08:00"],
    ["15 6 1 * *", "on day 1 of each month at 06:15"]
  ])("%s is %s", ([expression = "", words]) => expect(cronWords(expression)).toBe(words))

  it.for(["@daily", "0 0 29 2 *", "0 0 1 * MON", "0 0,12 * * *", "10 0 8 * * *", "1-5 * * * *", "", "0 0 * * 1-3-5"])(
    "%s is left to its next times",
    (expression) => expect(cronWords(expression)).toBeNull()
  )
})
