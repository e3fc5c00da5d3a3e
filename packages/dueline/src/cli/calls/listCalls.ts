/** `dueline call list`. */
import type { ServiceCallSummary } from "@dueline/contracts/api/ServiceCallView"
import type { ServiceCallStatus } from "@dueline/contracts/serviceCall/Command"
import { Console, Effect } from "effect"
import { listWords, style } from "./callWords.ts"
import { callsApi } from "./CallsApi.ts"
import { withoutUndefined } from "../flags.ts"
import { hint, JsonOutput, print } from "../Shell.ts"

export interface ListInput {
  readonly status: ServiceCallStatus | undefined
  readonly tag: ReadonlyArray<string>
  readonly q: string | undefined
  readonly dueFrom: string | undefined
  readonly dueTo: string | undefined
  readonly limit: number
  readonly cursor: string | undefined
  readonly all: boolean
}

/** A page under a rare filter may be empty and still have a next one; a list that is not `--all` gives up looking after so many. */
const pageLimit = 50

export const listCalls = Effect.fnUntraced(function* ({ all, cursor, limit, tag, ...filter }: ListInput) {
  const api = yield* callsApi
  const page = (after: string | undefined, size: number) =>
    api.list({
      query: withoutUndefined({ ...filter, tag: tag.length === 0 ? undefined : tag, limit: size, cursor: after })
    })
  return yield* all ? printAll(page, cursor, limit) : printSome(page, cursor, limit)
})

type Page = (
  cursor: string | undefined,
  size: number
) => Effect.Effect<{ readonly items: ReadonlyArray<ServiceCallSummary>; readonly nextCursor: string | null }, unknown>

const printSome = Effect.fnUntraced(function* (page: Page, start: string | undefined, limit: number) {
  const items: Array<ServiceCallSummary> = []
  let cursor: string | null = start ?? null
  for (let pages = 0; pages < pageLimit; pages++) {
    const { items: more, nextCursor } = yield* page(cursor ?? undefined, limit - items.length)
    items.push(...more)
    cursor = nextCursor
    if (cursor === null || items.length >= limit) break
  }
  const words = yield* style
  yield* print({ items, nextCursor: cursor }, () =>
    items.length === 0 ? "no service calls" : listWords(items, true, words)
  )
  if (cursor !== null) yield* hint(`there are more: --all, or --cursor ${cursor}`)
})

/** Prints page by page, so that memory does not grow with the list. */
const printAll = Effect.fnUntraced(function* (page: Page, start: string | undefined, size: number) {
  let cursor = start
  let heading = true
  do {
    const { items, nextCursor } = yield* page(cursor, size)
    const words = yield* style
    if (yield* JsonOutput) yield* Effect.forEach(items, (item) => Console.log(JSON.stringify(item)), { discard: true })
    else if (items.length > 0) yield* Console.log(listWords(items, heading, words))
    heading = heading && items.length === 0
    cursor = nextCursor ?? undefined
  } while (cursor !== undefined)
  if (heading && !(yield* JsonOutput)) yield* Console.log("no service calls")
})
