/** How far a long reading of the log has come: one line that changes in a terminal, a line now and then elsewhere. */
import { Clock, Console, Effect } from "effect"
import { JsonOutput, Shell } from "./Shell.ts"

const number = (value: number): string => Math.round(value).toLocaleString("en")

export const rateOf = (events: number, millis: number): string =>
  `${number((events * 1_000) / Math.max(1, millis))} events/s`

const width = 24

const bar = (share: number): string => {
  const full = Math.round(Math.min(1, share) * width)
  return `[${"#".repeat(full)}${" ".repeat(width - full)}]`
}

/** The total is an estimate: more may have come since, or fewer have been there. */
const line = (done: number, total: number, millis: number): string => {
  const known = total > 0
  const share = done / Math.max(done, total)
  const how = known ? `${bar(share)} ${number(done)} of about ${number(Math.max(done, total))}` : number(done)
  return `${how} events, ${rateOf(done, millis)}`
}

const everyMillis = { terminal: 100, elsewhere: 5_000 }
/** To the line before, which is emptied. */
const again = "\u001B[1A\u001B[2K"

/** On standard error; says nothing before its first interval has passed. With `--json` it is silent. */
export const progressOf = Effect.fnUntraced(function* (total: number) {
  const { stderrIsTerminal } = yield* Shell
  const json = yield* JsonOutput
  const begun = yield* Clock.currentTimeMillis
  const interval = stderrIsTerminal ? everyMillis.terminal : everyMillis.elsewhere
  let next = begun + interval
  let lines = 0
  return (done: number) =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      if (json || now < next) return
      next = now + interval
      const replaced = stderrIsTerminal && lines > 0 ? again : ""
      lines += 1
      yield* Console.error(`${replaced}${line(done, total, now - begun)}`)
    })
})
