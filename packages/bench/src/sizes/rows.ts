/** A program whose database holds millions of calls that have ended, beside one that is nearly empty: load, reads, `verify`, the look for what is due. */
import { overdueBudget, overviewBudget } from "@dueline/contracts/ports/Overviews"
import { programFile } from "@dueline/test-servers/programFile"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { asAdministrator } from "../administrator.ts"
import { type Figure, median } from "../Figures.ts"
import { memoryOf } from "../ProcessTime.ts"
import { environment, type Subject } from "../Subject.ts"
import { now, type Target } from "../Target.ts"
import { fillWithEnded } from "./endedCalls.ts"
import { inTurns, type Running } from "./inTurns.ts"

const times = async (count: number, once: () => Promise<unknown>): Promise<number> => {
  const took: Array<number> = []
  for (let i = 0; i < count; i++) {
    const from = now()
    await once()
    took.push(now() - from)
  }
  return median(took)
}

/** Over HTTP. */
const pages: Readonly<Record<string, (one: string) => string>> = {
  "a list's first page": () => "/v1/service-calls?limit=50",
  "a list of the cancelled": () => "/v1/service-calls?status=Cancelled&limit=50",
  "a list of the scheduled": () => "/v1/service-calls?status=Scheduled&limit=50",
  "a call's detail": (one) => `/v1/service-calls/${one}`
}

/** In the database: the program keeps an overview for a second, and looks for what is due by itself. */
const looks: Readonly<Record<string, (ms: number) => string>> = {
  overview: (ms) =>
    `select dueline.overview((select t.tenant_id from dueline.tenants t where t.name = 'demo'), ${ms}, ${overviewBudget}, ${overdueBudget})`,
  "look for what is due": (ms) =>
    `select dueline.upcoming(${ms + 60_000}, 0, '00000000-0000-0000-0000-000000000000', 1000)`
}

interface Listed {
  readonly items: ReadonlyArray<{ readonly id: string }>
}

const asked = 50

const readsOf = async ({ load, subject }: Running): Promise<Readonly<Record<string, number>>> => {
  const { items } = (await load.get("/v1/service-calls?limit=200")) as Listed
  const one = items.at(-1)?.id ?? ""
  const found: Record<string, number> = {}
  for (const [name, path] of Object.entries(pages)) found[name] = await times(asked, () => load.get(path(one)))
  await asAdministrator(subject, (sql) =>
    Effect.promise(async () => {
      for (const [name, statement] of Object.entries(looks))
        found[name] = await times(asked, () => Effect.runPromise(sql.unsafe(statement(Date.now()))))
    })
  )
  return found
}

/** Seconds, and MiB at the most; throws when something is found, since then the rows are not as the program writes them. */
const verify = ({ home }: Subject): Promise<{ readonly seconds: number; readonly mib: number }> => {
  const env = environment(home)
  const from = now()
  let mib = 0
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, [programFile, "verify"], { env }, (failed, stdout, stderr) => {
      clearInterval(looking)
      if (failed === null) resolve({ seconds: (now() - from) / 1_000, mib })
      else reject(new Error(`verify: ${(stdout + stderr).slice(0, 2_000)}`))
    })
    const looking = setInterval(() => void (mib = Math.max(mib, memoryOf(child.pid ?? 0))), 500)
  })
}

const rounds = 4

const besides = async (running: ReadonlyArray<Running>): Promise<ReadonlyArray<Figure>> => {
  const [empty, full] = running
  if (empty === undefined || full === undefined) throw new Error("there are not two programs")
  const few: Array<Readonly<Record<string, number>>> = []
  const many: Array<Readonly<Record<string, number>>> = []
  for (let round = 0; round < rounds; round++) {
    few.push(await readsOf(empty))
    many.push(await readsOf(full))
  }
  const reads = [...Object.keys(pages), ...Object.keys(looks)].flatMap((name): ReadonlyArray<Figure> => {
    const small = few.map((found) => found[name] ?? Number.NaN)
    const ratios = many.map((found, n) => (found[name] ?? Number.NaN) / (small[n] ?? Number.NaN))
    return [
      { name: `no rows: ${name}`, unit: "ms", runs: small },
      { name: `${full.name}: ${name}`, unit: "×", aim: "about 1", runs: ratios }
    ]
  })
  const { mib, seconds } = await verify(full.subject)
  return [
    ...reads,
    { name: `${full.name}: verify`, unit: "s", runs: [seconds] },
    { name: `${full.name}: memory of verify`, unit: "MiB", runs: [mib] }
  ]
}

export const rows = (target: Target, calls: number, count: number): Promise<ReadonlyArray<Figure>> => {
  const submission = (i: number) => ({ url: `${target.url}/${i}` })
  return inTurns(
    [
      { name: "no rows", prepare: async () => submission },
      {
        name: `${count.toLocaleString("en")} rows`,
        prepare: async (subject) => {
          await fillWithEnded(subject, target, count)
          return submission
        }
      }
    ],
    target,
    calls,
    besides
  )
}
