/** Controls that work as a client of the API does: what is asked goes into the history beside what everybody else asks. */
import { IdempotencyKey } from "@dueline/contracts/Ids"
import { derivedCallId, derivedTenantId } from "@dueline/identity/derivedId"
import { setTimeout as wait } from "node:timers/promises"
import { answerOf, type Request } from "../Api.ts"
import { hue, slowHue, termsOf } from "../Drafts.ts"
import type { Operation, Wish } from "../History.ts"
import type { Run, Sabotage } from "../Run.ts"

const path = "/v1/service-calls"

/** Looks at every operation once, as soon as it is answered, while the faults go on. */
export const eachOperation =
  (act: (operation: Operation, run: Run) => Promise<void>): NonNullable<Sabotage["during"]> =>
  async (run) => {
    const { load } = run
    const acting: Array<Promise<void>> = []
    for (let seen = 0; !load.stopped || seen < load.operations.length; ) {
      for (; seen < load.operations.length; seen++) {
        const operation = load.operations[seen]
        if (operation !== undefined) acting.push(act(operation, run))
      }
      await wait(20)
    }
    await Promise.all(acting)
  }

/** A submission of a call that is not due for a while. */
export const isAhead = ({ answer, delayMs, kind }: Operation): boolean =>
  kind === "submit" && answer?.status === 202 && (delayMs ?? 0) > 1_500

type About = Pick<Operation, "kind" | "tenant" | "key" | "callId"> & Partial<Pick<Operation, "delayMs" | "wish">>

const ask = async ({ api, load, tenants }: Run, about: About, request: Omit<Request, "token">): Promise<void> => {
  const invokedAt = Date.now()
  const { heard, tries } = await api.insist({ ...request, token: tenants.get(about.tenant) ?? "" }, () => load.stopped)
  if (heard === null) return
  const answered = { completedAt: Date.now(), tries, answer: answerOf(heard) }
  const asked = { delayMs: null, wish: null, waits: false, knownVersion: 1, invokedAt }
  load.operations.push({ ...asked, ...about, ...answered })
}

/** So that there is a cancellation to be disobeyed. */
export const cancel = async (run: Run, { answer, tenant }: Operation): Promise<void> => {
  const callId = answer?.callId ?? ""
  await ask(run, { kind: "cancel", tenant, key: null, callId }, { method: "POST", path: `${path}/${callId}/cancel` })
}

type Ahead = Pick<Operation, "tenant"> & {
  readonly key: string
  readonly delayMs: number
  readonly wish?: Partial<Wish>
  /** What the target is asked to do. */
  readonly query?: string
  /** Where it goes in truth; the first target by default, which is what the history says in any case. */
  readonly to?: string
}

/** One call, beside those of the clients. */
const submit = async (run: Run, { delayMs, key, query = "", tenant, to, wish: more }: Ahead): Promise<void> => {
  const wish = { maxAttempts: 1, reachable: true, flow: null, hue: null, target: run.targets.urls[0], ...more }
  const call = { method: "POST", url: `${to ?? run.targets.urls[0]}/${tenant}/${key}${query}` }
  const body = {
    delay: delayMs,
    request: call,
    retry: { maxAttempts: wish.maxAttempts },
    ...(wish.hue === null ? {} : { tags: [wish.hue] }),
    ...(wish.flow === null ? {} : { flow: termsOf(wish.flow) })
  }
  await ask(
    run,
    { kind: "submit", tenant, key, callId: null, delayMs, wish },
    { method: "POST", path, headers: { "idempotency-key": key }, body: JSON.stringify(body) }
  )
}

/** Keys of this tenant by which calls get ids of that digit. */
const keysOf = (tenant: string, digit: string, word: string, count: number): ReadonlyArray<string> => {
  const tenantId = derivedTenantId(tenant)
  const keys: Array<string> = []
  for (let number = 0; keys.length < count; number++) {
    const key = `${word}-${number}`
    if (derivedCallId(tenantId, IdempotencyKey.make(key)).startsWith(digit)) keys.push(key)
  }
  return keys
}

/** One call of that digit that is not due for long, asked for before anything goes wrong: what a control needs does not hang on the dice. */
export const submitAhead = async (run: Run, digit: string): Promise<void> => {
  const [tenant = ""] = run.tenants.keys()
  for (const key of keysOf(tenant, digit, "ahead", 1)) await submit(run, { tenant, key, delayMs: 60_000 })
}

/** An address of the machine itself at which nobody listens. */
export const nowhere = "127.1.1.1:9"

/** Calls of that digit which have one attempt and go nowhere, asked for before anything goes wrong. */
export const unsentAhead = (digit: string): Sabotage => ({
  during: async (run) => {
    const [tenant = ""] = run.tenants.keys()
    const keys = keysOf(tenant, digit, "unsent", 4)
    await Promise.all(keys.map((key) => submit(run, { tenant, key, delayMs: 0, to: `http://${nowhere}` })))
  }
})

/** More calls of one flow than it has places, all at once, whose target takes its time. */
export const flowCrowded: Sabotage = {
  during: async (run) => {
    const [tenant = ""] = run.tenants.keys()
    const keys = Array.from({ length: 12 }, (_, i) => `crowd-${i}`)
    await Promise.all(
      keys.map((key) => submit(run, { tenant, key, delayMs: 0, wish: { flow: "narrow" }, query: "?slow=1500" }))
    )
  }
}

/**
 * Somebody who cancels calls whose request is at the target, which will fail it: those that the load draws, and a dozen that do not hang on the dice.
 * None of these is `spared`: the load repeats them, and does not know what was asked.
 */
export const cancelledWhileRunning = (spared: string): Sabotage => ({
  during: async (run) => {
    const [tenant = ""] = run.tenants.keys()
    const ahead = Array.from({ length: 12 }, (_, i) => `slow-${i}`)
      .filter((key) => !derivedCallId(derivedTenantId(tenant), IdempotencyKey.make(key)).startsWith(spared))
      .map((key) => submit(run, { tenant, key, delayMs: 0, wish: { maxAttempts: 5 }, query: "?failures=9&slow=1500" }))
    const acting: Array<Promise<void>> = []
    run.targets.listen(({ attempt, callId, tenant }, url) => {
      const wish = new URL(url).searchParams
      if (run.load.stopped || attempt > Number(wish.get("failures") ?? 0) || !wish.has("slow")) return
      const about = { kind: "cancel", tenant, key: null, callId } as const
      acting.push(ask(run, about, { method: "POST", path: `${path}/${callId}/cancel` }))
    })
    await Promise.all(ahead)
    while (!run.load.stopped) await wait(50)
    await Promise.all(acting)
  }
})

/** Somebody who pauses calls of every tenant before anything goes wrong, and until the load is over. */
export const pausedAll: Sabotage = {
  during: async (run) => {
    const { habits, load, tenants } = run
    const names = [...tenants.keys()]
    const path = "/v1/pauses"
    const body = JSON.stringify({ of: "tag", key: hue, reason: "they are moving" })
    const paused = await Promise.all(
      names.map((tenant) =>
        habits.ask(tenant, `all-of-${tenant}`, { _tag: "pause", of: "tag", key: hue }, { method: "POST", path, body })
      )
    )
    await Promise.all(
      names.flatMap((tenant) =>
        [2_500, 3_000, 3_500].map((delayMs) => submit(run, { tenant, key: `held-${delayMs}`, delayMs, wish: { hue } }))
      )
    )
    while (!load.stopped) await wait(50)
    for (const [i, heard] of paused.entries()) {
      const pauseId = String(heard?.body?.["id"])
      const request = { method: "POST", path: `${path}/${pauseId}/resume`, body: "{}" } as const
      await habits.ask(names[i] ?? "", `resume-${i}`, { _tag: "resume", pauseId }, request)
    }
  }
}

/** Somebody who pauses many calls that are due until the load is over, and lets them go on slowly. */
export const releasedSlowly: Sabotage = {
  during: async (run) => {
    const { habits, load } = run
    const [tenant = ""] = run.tenants.keys()
    const key = slowHue
    const path = "/v1/pauses"
    const pause = { _tag: "pause", of: "tag", key } as const
    const body = JSON.stringify({ of: "tag", key, reason: "they are moving" })
    const paused = await habits.ask(tenant, "pause-slow", pause, { method: "POST", path, body })
    // More than are let go while one process still goes by what it recorded itself, with all that is allowed after a fault.
    const keys = Array.from({ length: 240 }, (_, i) => `slow-${i}`)
    await Promise.all(keys.map((name) => submit(run, { tenant, key: name, delayMs: 0, wish: { hue: key } })))
    while (!load.stopped) await wait(50)
    const pauseId = String(paused?.body?.["id"])
    const slowly = JSON.stringify({ releasePerSecond: 5 })
    const request = { method: "POST", path: `${path}/${pauseId}/resume`, body: slowly } as const
    await habits.ask(tenant, "resume-slow", { _tag: "resume", pauseId, perSecond: 5 }, request)
  }
}

/** A client that is refused, which no client of a run should be. */
export const conditionForgotten = (digit: string): Sabotage => ({
  during: eachOperation(async (operation, run) => {
    const { answer, tenant } = operation
    const callId = answer?.callId ?? ""
    if (!isAhead(operation) || !callId.startsWith(digit)) return
    const request = { method: "PATCH" as const, path: `${path}/${callId}`, body: `{"delay":2000}` }
    await ask(run, { kind: "reschedule", tenant, key: null, callId }, request)
  })
})

/** A tenant who tries another one's door. */
export const doorTried = (digit: string): Sabotage => ({
  during: eachOperation(async ({ answer, kind, tenant }, run) => {
    const callId = answer?.callId ?? ""
    const other = [...run.tenants.keys()].find((name) => name !== tenant)
    if (kind !== "submit" || other === undefined || !callId.startsWith(digit)) return
    await ask(run, { kind: "foreign", tenant: other, key: null, callId }, { method: "GET", path: `${path}/${callId}` })
  })
})

/** A repeat that cannot be recognised. */
export const keyForgotten = (digit: string): Sabotage => {
  const bodies = new Map<string, string>()
  return {
    meddle: (request, { operation: { key, kind, tenant } }) => {
      if (kind === "submit" && request.body !== undefined) bodies.set(`${tenant}/${key}`, request.body)
      return request
    },
    during: eachOperation(async ({ answer, key, kind, tenant }, run) => {
      const callId = answer?.callId ?? ""
      const body = bodies.get(`${tenant}/${key}`)
      if (kind !== "submit" || body === undefined || !callId.startsWith(digit)) return
      await ask(run, { kind: "repeat", tenant, key, callId }, { method: "POST", path, body })
    })
  }
}
