/**
 * The whole program, and a tenant that lets everything hang: another tenant's calls are made at once all the same, to the same target too.
 * What the two share is small here, so that little is needed to take all of it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as DuelineClient from "@dueline/client/DuelineClient"
import { Effect, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { afterAll, beforeAll } from "vitest"
import { homeWithDatabase, printed, removeHome, type RunningProgram, startProgram } from "./RunningProgram.ts"
import { startTarget, type Target } from "./Target.ts"

const places = 48
const perTarget = 8

let home: string
let program: RunningProgram
let target: Target
/** Five services that never answer what is asked of `/hang`; the first is `target`. */
let targets: ReadonlyArray<Target>
/** Rings at each request that never gets an answer. */
let hung: () => void = () => undefined

const tokenOf = async (tenant: string) => {
  await printed(home, ["tenant", "create", tenant])
  return printed(home, ["token", "--tenant", tenant])
}
const tokens = new Map<string, string>()

beforeAll(async () => {
  home = await homeWithDatabase()
  targets = await Promise.all(
    Array.from({ length: 5 }, () =>
      startTarget(({ path }, response) => {
        if (path.startsWith("/hang")) hung()
        else response.writeHead(200).end("{}")
      })
    )
  )
  const [first] = targets
  if (first === undefined) throw new Error("no target")
  target = first
  program = await startProgram(home, {
    DUELINE_CONCURRENCY: String(places),
    DUELINE_TENANT_TARGET_CONCURRENCY: String(perTarget),
    DUELINE_SHUTDOWN_MS: "6000"
  })
  await Promise.all(["greedy", "greedier", "modest"].map(async (tenant) => tokens.set(tenant, await tokenOf(tenant))))
})

afterAll(async () => {
  await program.stop("SIGTERM")
  await Promise.all(targets.map(({ close }) => close()))
  await removeHome(home)
})

const withClient = <A, E>(tenant: string, use: (api: DuelineClient.DuelineClient) => Effect.Effect<A, E>) =>
  DuelineClient.make({ baseUrl: program.address, token: Redacted.make(tokens.get(tenant) ?? "") }).pipe(
    Effect.flatMap(use),
    Effect.provide(FetchHttpClient.layer)
  )

const requestTo = (url: string) => ({ method: "POST" as const, url })

/** Submits calls that get no answer, to each of these. */
const hang = (tenant: string, among: ReadonlyArray<Target>, calls: number) =>
  Effect.forEach(among, ({ url }) => {
    const call = { request: requestTo(`${url}/hang`), timeoutMs: 300_000 }
    const items = Array.from({ length: calls }, () => call)
    return withClient(tenant, (api) => api.serviceCalls.submitBatch({ payload: { items } }))
  })

/** Waits until so many calls that hang are with their targets. */
const untilHung = (count: number) =>
  Effect.callback<void>((resume) => {
    hung = () => {
      const seen = targets.flatMap(({ seen }) => seen).filter(({ path }) => path === "/hang")
      if (seen.length >= count) resume(Effect.void)
    }
    hung()
  })

const callOf = (tenant: string, path: string, timeoutMs = 3_000) =>
  withClient(tenant, (api) =>
    api.serviceCalls.submit({
      headers: { prefer: "wait=20" },
      payload: { request: requestTo(`${target.url}${path}`), timeoutMs, retry: { maxAttempts: 1 } }
    })
  )

describe("beside a tenant whose calls hang", { tags: ["ADR-0027.1", "ADR-0027.2"] }, () => {
  it.live(
    "another tenant's call to the same target is made at the first attempt; the rest of the first one's wait as Scheduled",
    () =>
      Effect.gen(function* () {
        yield* hang("greedy", [target], 60)
        yield* untilHung(perTarget)
        const { body } = yield* callOf("modest", "/first")
        assert.deepStrictEqual([body.status, body.attempt], ["Succeeded", 1])
        const list = (status: "Running" | "Scheduled") =>
          withClient("greedy", (api) => api.serviceCalls.list({ query: { status, limit: 100 } }))
        assert.lengthOf((yield* list("Running")).items, perTarget)
        assert.lengthOf((yield* list("Scheduled")).items, 60 - perTarget)
      }),
    60_000
  )

  it.live(
    "a call that waits for its target can be cancelled, and nothing was sent",
    () =>
      Effect.gen(function* () {
        const [waiting] = (yield* withClient("greedy", (api) =>
          api.serviceCalls.list({ query: { status: "Scheduled", limit: 1 } })
        )).items
        assert.isDefined(waiting)
        if (waiting === undefined) return
        const { body } = yield* withClient("greedy", (api) =>
          api.serviceCalls.cancel({ params: { id: waiting.id }, headers: {} })
        )
        assert.strictEqual(body.status, "Cancelled")
      }),
    60_000
  )

  it.live(
    "two tenants that take all the places they can get leave one",
    () =>
      Effect.gen(function* () {
        yield* hang("greedy", targets, 20)
        yield* untilHung((places * 3) / 4)
        yield* hang("greedier", targets, 20)
        // Of the twelve that are left the second one may have three.
        yield* untilHung((places * 3) / 4 + 3)
        for (let n = 0; n < 5; n += 1) {
          const { body } = yield* callOf("modest", `/beside-two/${n}`)
          assert.deepStrictEqual([body.status, body.attempt], ["Succeeded", 1])
        }
      }),
    60_000
  )
})
