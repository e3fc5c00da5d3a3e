/** Controls that work on the wire: requests that the program never made. */
import { IdempotencyKey } from "@dueline/contracts/Ids"
import { derivedCallId, derivedTenantId } from "@dueline/identity/derivedId"
import { setTimeout as wait } from "node:timers/promises"
import { request } from "undici"
import type { Run, Sabotage } from "../Run.ts"
import { cancel, eachOperation, isAhead, nowhere, submitAhead } from "./asClient.ts"

interface Submitted {
  readonly request: { readonly url: string }
  readonly retry: object
}

interface Forged {
  readonly tenant: string
  readonly key: string
  readonly callId: string
  readonly epoch: number
  readonly attempt: number
}

const forge = async ({ targets }: Run, { attempt, callId, epoch, key, tenant }: Forged): Promise<void> => {
  const headers = {
    "dueline-call-id": callId,
    "dueline-epoch": String(epoch),
    "dueline-attempt": String(attempt),
    "webhook-signature": "forged"
  }
  const { body } = await request(`${targets.urls[0]}/${tenant}/${key}`, { method: "POST", headers })
  await body.dump()
}

/** A worker that does not remember what it has sent. */
export const requestRepeated = (digit: string): Sabotage => ({
  during: async (run) => {
    const acting: Array<Promise<void>> = []
    run.targets.listen((arrival) => {
      if (arrival.callId.startsWith(digit) && arrival.signed.length > 1)
        acting.push(wait(300).then(() => forge(run, arrival)))
    })
    while (!run.load.stopped) await wait(50)
    await Promise.all(acting)
  }
})

/** A schedule that makes two calls of one time. */
export const timeTwice = (digit: string): Sabotage => ({
  during: async (run) => {
    const acting: Array<Promise<void>> = []
    run.targets.listen((arrival) => {
      if (arrival.key.startsWith("schedule-") && arrival.signed.length > 1)
        acting.push(forge(run, { ...arrival, callId: `${digit}0000000-0000-4000-8000-000000000001` }))
    })
    while (!run.load.stopped) await wait(50)
    await Promise.all(acting)
  }
})

/** Calls of clients who know nothing of it go to an address where nobody listens: they fail, and their target was never asked. */
export const requestUnsent = (digit: string): Sabotage => ({
  meddle: (request, { operation: { key, kind, tenant } }) => {
    if ((kind !== "submit" && kind !== "repeat") || key === null) return request
    if (!derivedCallId(derivedTenantId(tenant), IdempotencyKey.make(key)).startsWith(digit)) return request
    const body = JSON.parse(request.body ?? "{}") as Submitted
    const url = new URL(body.request.url)
    url.host = nowhere
    const changed = { ...body, request: { ...body.request, url: url.href }, retry: { ...body.retry, maxAttempts: 1 } }
    return { ...request, body: JSON.stringify(changed) }
  }
})

/** A timer that rings too soon. */
export const requestEarly = (digit: string): Sabotage => ({
  during: eachOperation(async (operation, run) => {
    const { answer, key, tenant } = operation
    const callId = answer?.callId ?? ""
    if (isAhead(operation) && callId.startsWith(digit))
      await forge(run, { tenant, key: key ?? "", callId, epoch: 1, attempt: 1 })
  })
})

/** A worker that did not hear of a cancellation. */
export const requestAfterCancel = (digit: string): Sabotage => {
  const disobey = eachOperation(async (operation, run) => {
    const { answer, kind, tenant } = operation
    const callId = answer?.callId ?? ""
    if (!callId.startsWith(digit)) return
    if (isAhead(operation)) await cancel(run, operation)
    if (kind !== "cancel" || answer?.callStatus !== "Cancelled") return
    await wait(500)
    await forge(run, { tenant, key: "after-cancel", callId, epoch: 1, attempt: 1 })
  })
  return { during: async (run) => void (await Promise.all([submitAhead(run, digit), disobey(run)])) }
}

/** A call that nobody submitted. */
export const requestInvented = (digit: string): Sabotage => ({
  during: async (run) =>
    forge(run, {
      tenant: "acme",
      key: "invented",
      callId: `${digit}0000000-0000-4000-8000-000000000000`,
      epoch: 1,
      attempt: 1
    })
})
