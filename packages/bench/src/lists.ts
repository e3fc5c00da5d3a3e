/** What a page of a list costs when there is little in it, and when there are a thousand times as many rows. */
import { Effect } from "effect"
import { asAdministrator } from "./administrator.ts"
import { type Figure, quantile } from "./Figures.ts"
import { type Load, makeLoad } from "./Load.ts"
import type { Subject } from "./Subject.ts"
import { now } from "./Target.ts"

/** Rows as the writer would have left them; where they came from does not matter to a page. */
const fill = (subject: Subject, from: number, to: number) =>
  asAdministrator(subject, (sql) =>
    Effect.gen(function* () {
      const series = `generate_series(${from + 1}, ${to}) i, dueline.tenants t where t.name = 'demo'`
      yield* sql.unsafe(`insert into dueline.bin_rows (row)
        select json_build_object('_tag', 'BinRow', 'tenantId', b.tenant_id, 'binId', b.id, 'version', 1,
          'serialNumber', 'bench-' || b.i, 'category', 'skip', 'sizeLitres', 1000 + b.i % 500, 'capacityLitres', 500,
          'status', case when b.i % 1000 = 0 then 'Maintenance' else 'Active' end,
          'location', json_build_object('lat', 48 + (b.i % 1000) / 500.0, 'lon', 14 + (b.i / 1000 % 1000) / 500.0),
          'customerId', null, 'createdAt', 1700000000000 + b.i, 'updatedAt', 1700000000000 + b.i, 'correlationId', 'bench')
        from (select t.tenant_id, gen_random_uuid() as id, i from ${series}) b`)
      yield* sql.unsafe(`insert into dueline.service_calls
        (tenant_id, call_id, version, status, created_at, updated_at, due_at, wake_at, revision, attempt, epoch, cancel_requested, method,
         url, headers, body_bytes, timeout_ms, retry, tags, correlation_id, ended_at)
        select t.tenant_id, gen_random_uuid(), 3, 'Succeeded', 1700000000000 + i, 1700000000000 + i, 1700000000000 + i, null, 1, 1, 1,
          false, 'POST', 'https://example.com/' || i, '{}', 0, 30000, '{"maxAttempts":5}', '{}', 'bench', 1700000000000 + i
        from ${series}`)
      yield* sql.unsafe("analyze dueline.bin_rows, dueline.service_calls")
    })
  )

interface Page {
  readonly nextCursor: string | null
}

const pages: Readonly<Record<string, string>> = {
  "calls, first page": "/v1/service-calls?limit=50",
  "bins, first page": "/ops/bins?limit=50",
  "bins, one in a thousand": `/ops/bins?limit=50&filter=${encodeURIComponent('status eq "Maintenance"')}`,
  "bins, nearest": "/ops/bins?near=49.0,15.0&radius=1000&limit=50"
}

/** Median of many askings for one page, in milliseconds. */
const cost = async (load: Load, path: string): Promise<number> => {
  const took: Array<number> = []
  for (let i = 0; i < 200; i++) {
    const from = now()
    await load.get(path)
    took.push(now() - from)
  }
  return quantile(
    took.toSorted((a, b) => a - b),
    0.5
  )
}

/** The page that a reader reaches who has turned fifteen. */
const deep = async (load: Load, path: string): Promise<string> => {
  let at = path
  for (let turned = 0; turned < 15; turned++) {
    const { nextCursor } = (await load.get(at)) as Page
    if (nextCursor === null) throw new Error(`${path} ends after ${turned} pages`)
    at = `${path}&cursor=${nextCursor}`
  }
  return at
}

const costs = async (load: Load): Promise<Readonly<Record<string, number>>> => {
  const found: Record<string, number> = {}
  for (const [name, path] of Object.entries(pages)) found[name] = await cost(load, path)
  found["bins, fifteen pages on"] = await cost(load, await deep(load, "/ops/bins?limit=50"))
  return found
}

/** The same pages over few rows and over many; the ratio is what counts. */
export const lists = async (subject: Subject, few: number, many: number): Promise<ReadonlyArray<Figure>> => {
  const load = makeLoad(subject, 1)
  await fill(subject, 0, few)
  await costs(load)
  const small = await costs(load)
  await fill(subject, few, many)
  await costs(load)
  const large = await costs(load)
  await load.close()
  return Object.entries(small).flatMap(([name, ms]) => [
    { name: `list of ${name}, ${few.toLocaleString("en")} rows`, unit: "ms", runs: [ms] },
    { name: `list of ${name}, ${many.toLocaleString("en")} rows`, unit: "ms", runs: [large[name] ?? Number.NaN] },
    { name: `list of ${name}, ratio`, unit: "×", aim: "about 1", runs: [(large[name] ?? Number.NaN) / ms] }
  ])
}
