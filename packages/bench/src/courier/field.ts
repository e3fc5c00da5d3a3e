/** What is there before a courier reports, and what is there afterwards: made and read over HTTP. */
import type { IngestionView } from "@dueline/contracts/ingestion/IngestionEndpoints"
import type { OrderId } from "@dueline/contracts/Ids"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { programFile } from "@dueline/test-servers/programFile"
import { asAdministrator } from "../administrator.ts"
import type { Subject } from "../Subject.ts"
import type { Source } from "./CourierClient.ts"
import type { Evidence, SeenIngestion, SeenOrder, SeenShipment, Sent } from "./Evidence.ts"

type Json = Readonly<Record<string, unknown>>

const hour = 3_600_000
const pageLimit = 200

const ask = async ({ address, token }: Subject, method: string, path: string, body?: Json): Promise<Json> => {
  const response = await fetch(`${address}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  const answer = (await response.json()) as Json
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`)
  return answer
}

export const makeSource = async (subject: Subject, name: string): Promise<Source> => {
  const { id, secret } = await ask(subject, "POST", "/ops/courier-sources", { name, scheme: "standard-webhooks" })
  return { id: String(id), secret: String(secret) }
}

/** Scheduled orders of one customer about one bin, an hour each. */
export const makeOrders = async (subject: Subject, count: number): Promise<ReadonlyArray<OrderId>> => {
  const customer = await ask(subject, "POST", "/ops/customers", { profile: { name: "Jo Doe" } })
  const bin = await ask(subject, "POST", "/ops/bins", { serialNumber: "L-1", category: "skip", sizeLitres: 1_000 })
  const orders: Array<OrderId> = []
  for (let n = 0; n < count; n += 1) {
    const from = Date.now() + (n + 1) * hour
    const { id } = await ask(subject, "POST", "/ops/orders", {
      customerId: customer["id"],
      binId: bin["id"],
      kind: n % 2 === 0 ? "pickup" : "delivery",
      window: { from: new Date(from).toISOString(), to: new Date(from + hour).toISOString() },
      schedule: true
    })
    orders.push(String(id) as OrderId)
  }
  return orders
}

const readAll = async (subject: Subject, path: string): Promise<ReadonlyArray<Json>> => {
  const all: Array<Json> = []
  let cursor = ""
  do {
    const page = await ask(subject, "GET", `${path}?limit=${pageLimit}${cursor}`)
    all.push(...(page["items"] as ReadonlyArray<Json>))
    cursor = page["nextCursor"] === null ? "" : `&cursor=${String(page["nextCursor"])}`
  } while (cursor !== "")
  return all
}

/** Whether an ingestion has not ended. Asks for one alone: whoever waits for the end asks often. */
export const isUnfinished = async (subject: Subject): Promise<boolean> => {
  for (const status of ["Received", "Processing"]) {
    const page = await ask(subject, "GET", `/ops/ingestions?status=${status}&limit=1`)
    if ((page["items"] as ReadonlyArray<Json>).length > 0) return true
  }
  return false
}

const completions = (subject: Subject): Promise<ReadonlyMap<string, number>> =>
  asAdministrator(subject, (sql) =>
    Effect.map(
      sql.unsafe<{ readonly id: string; readonly n: number }>(
        "select stream_id::text as id, count(*)::int as n from dueline.events where type = 'OrderCompleted' group by 1"
      ),
      (rows) => new Map(rows.map(({ id, n }) => [id, n]))
    )
  )

/** Beside the program, as an operator would. */
const verify = ({ home }: Subject): Promise<Evidence["verified"]> =>
  new Promise((resolve) => {
    const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], DUELINE_HOME: home }
    execFile(process.execPath, [programFile, "verify"], { env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1
      resolve({ code, output: `${stdout}${stderr}` })
    })
  })

export const readEvidence = async (subject: Subject, sent: ReadonlyArray<Sent>): Promise<Evidence> => {
  const completed = await completions(subject)
  const orders = (await readAll(subject, "/ops/orders")) as unknown as ReadonlyArray<Omit<SeenOrder, "completions">>
  const ingestions = (await readAll(subject, "/ops/ingestions")) as unknown as ReadonlyArray<IngestionView>
  return {
    sent,
    ingestions: ingestions.map(({ event, ...rest }): SeenIngestion => ({ ...rest, eventId: event?.id ?? null })),
    shipments: (await readAll(subject, "/ops/shipments")) as unknown as ReadonlyArray<SeenShipment>,
    orders: orders.map(({ id, kind, status }) => ({ id, kind, status, completions: completed.get(id) ?? 0 })),
    verified: await verify(subject)
  }
}
