/** `pnpm chaos`: a run of so many minutes on a seed, its report, and exit code 1 when a checker has found something. */
import { chmod, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { judge } from "./checkers.ts"
import { readWish, usage, type Wish } from "./commandLine.ts"
import { runTogether } from "./controlRuns.ts"
import { type History, readHistory, writeHistory } from "./History.ts"
import { runOnce } from "./perform.ts"
import { drawPlan, firstOf, sentenceOf } from "./Plan.ts"
import { report } from "./report.ts"
import { sabotages } from "./sabotages.ts"
import { groupsOf } from "./Stage.ts"
import { faketimeIfAny } from "./WallClock.ts"

const out = (text: string) => void process.stdout.write(`${text}\n`)
const from = performance.now()
const say = (line: string) => out(`${((performance.now() - from) / 1_000).toFixed(1).padStart(7)} s  ${line}`)

/** Findings that are printed; all of them can be had from the file again. */
const printed = 60

const tell = (history: History): boolean => {
  const findings = judge(history)
  for (const { callId, checker, detail } of findings.slice(0, printed))
    out(`FOUND "${checker}" ${callId ?? ""} ${detail}`)
  if (findings.length > printed) out(`… and ${findings.length - printed} more`)
  out(report(history, findings))
  return findings.length === 0
}

const planOf = ({ cast, kinds, seed }: Wish) => drawPlan(seed, groupsOf(cast), kinds)

const makeDirectory = async (name: string): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), `dueline-chaos-${name}-`))
  // The database server's account has to get through.
  await chmod(directory, 0o755)
  return directory
}

/** True when every checker has found its own. */
const runControls = async ({ program }: Wish): Promise<boolean> => {
  const directory = await makeDirectory("controls")
  const wrong = await runTogether({ cast: "pair", directory, program, say })
  for (const line of wrong) out(line)
  if (wrong.length > 0) out(`logs: ${directory}`)
  else {
    out("every checker has found its own, and nothing about calls that were left alone")
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
  }
  return wrong.length === 0
}

const run = async (wish: Wish): Promise<boolean> => {
  const { cast, control, keep, minutes, program, rate, seed } = wish
  const directory = await makeDirectory(String(seed))
  out(
    `seed ${seed}, ${cast}, ${minutes} minutes, ${rate} operations a second${control === undefined ? "" : `, ${control}`}`
  )
  out(`the plan begins:\n${firstOf(planOf(wish), 12).map(sentenceOf).join("\n")}\nlogs and history: ${directory}`)
  const faketime = wish.kinds.includes("clock-jump") ? await faketimeIfAny() : null
  const sabotage = control === undefined ? undefined : sabotages[control]
  const history = await runOnce({
    seed,
    cast,
    rate,
    directory,
    program,
    faketime,
    plan: planOf(wish),
    untilMs: minutes * 60_000,
    margin: 60,
    restLimitMs: 120_000,
    say,
    ...(sabotage === undefined ? {} : { sabotage })
  })
  writeHistory(join(directory, "history.jsonl"), history)
  const sound = tell(history)
  if (sound && !keep) await rm(directory, { recursive: true, force: true, maxRetries: 5 })
  else out(`kept: pnpm chaos --judge ${join(directory, "history.jsonl")}`)
  return sound
}

const main = async (): Promise<number> => {
  const wish = readWish(process.argv.slice(2), Date.now() % 1_000_000)
  if (typeof wish === "string") {
    process.stderr.write(wish === "" ? usage : `${wish}\n\n${usage}`)
    return wish === "" ? 0 : 2
  }
  if (wish.plan !== undefined) {
    out(firstOf(planOf(wish), wish.plan).map(sentenceOf).join("\n"))
    return 0
  }
  if (wish.controls) return (await runControls(wish)) ? 0 : 1
  return (wish.judge === undefined ? await run(wish) : tell(readHistory(wish.judge))) ? 0 : 1
}

process.exitCode = await main()
