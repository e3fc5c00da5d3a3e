/** How fast the read models come out of the log, beside the running program: all rows lost, all rows wrong, all rows right. */
import { defaultRetryPolicy } from "@dueline/contracts/serviceCall/Spec"
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { asAdministrator } from "./administrator.ts"
import { programFile } from "@dueline/test-servers/programFile"
import type { Figure } from "./Figures.ts"
import type { Subject } from "./Subject.ts"

/** A call that fails once and is put off: five events. */
const payloads = [
  {
    _tag: "ServiceCallSubmitted",
    spec: {
      request: {
        method: "POST",
        url: "https://example.com/x",
        headers: {},
        bodyBytes: 40,
        bodySnippet: '{"order":4711}'
      },
      timeoutMs: 30_000,
      retry: defaultRetryPolicy,
      tags: ["bench"]
    },
    dueAt: 1_893_456_000_000,
    submittedAt: 1_893_456_000_000,
    fingerprint: null,
    origin: { correlationId: "bench", traceparent: null }
  },
  {
    _tag: "ExecutionStarted",
    epoch: 1,
    attempt: 1,
    worker: "bench",
    startedAt: 1_893_456_000_000,
    deadlineAt: 1_893_456_035_000
  },
  {
    _tag: "ExecutionFailed",
    epoch: 1,
    attempt: 1,
    reason: "http_status",
    detail: "503",
    status: 503,
    durationMs: 4,
    response: null
  },
  { _tag: "RetryScheduled", attempt: 2, dueAt: 1_893_456_001_000 },
  { _tag: "ServiceCallRescheduled", dueAt: 1_893_456_009_000 }
]

/** As the writer would have left them, in streams with random ids. */
const fill = (calls: number) => `insert into dueline.events
    (tenant_id, stream_id, version, category, event_id, type, event_version, payload, metadata, recorded_at)
  select t.tenant_id, c.stream, v.n, 'service-call', gen_random_uuid(), v.p ->> '_tag', 1, v.p,
    json_build_object('commandId', 'bench:' || c.i || ':' || v.n, 'correlationId', 'c' || c.i, 'actor',
      '{"kind":"system","id":"bench"}'::json, 'traceparent', null), to_timestamp(1893456000 + c.i / 1000.0)
  from (select i, gen_random_uuid() as stream from generate_series(1, ${calls}) i) c
    cross join unnest(array[${payloads.map((payload) => `'${JSON.stringify(payload)}'`).join(", ")}]::json[]) with ordinality v(p, n)
    cross join dueline.tenants t where t.name = 'demo'`

interface Answer {
  readonly events: number
  readonly durationMs: number
  readonly models: { readonly "service-call": { readonly written: number } }
}

const run = async ({ home }: Subject): Promise<Answer> => {
  const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], DUELINE_HOME: home }
  const { stdout } = await promisify(execFile)(process.execPath, [programFile, "projections", "rebuild", "--json"], {
    env
  })
  return JSON.parse(stdout) as Answer
}

/** Events per second of the reading, folding, comparing and writing, without the start of the command. */
const measure = async (subject: Subject, name: string, written: number): Promise<Figure> => {
  const { durationMs, events, models } = await run(subject)
  if (models["service-call"].written !== written) throw new Error(`${models["service-call"].written} rows were written`)
  return { name: `rebuild, ${name}`, unit: "events/s", aim: "≥ 50,000", runs: [events / (durationMs / 1_000)] }
}

export const rebuild = async (subject: Subject, events: number): Promise<ReadonlyArray<Figure>> => {
  const calls = Math.ceil(events / payloads.length)
  await asAdministrator(subject, (sql) => sql.unsafe(fill(calls)))
  await asAdministrator(subject, (sql) => sql.unsafe("analyze"))
  const lost = await measure(subject, "all rows lost", calls)
  const right = await measure(subject, "all rows right", 0)
  await asAdministrator(subject, (sql) => sql.unsafe("update dueline.service_calls set attempt = 9"))
  return [lost, await measure(subject, "all rows wrong", calls), right]
}
