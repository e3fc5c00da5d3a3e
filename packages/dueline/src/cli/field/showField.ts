/** What `dueline customer show`, `bin show` and `order show` do. */
import type { BinId, CustomerId, OrderId } from "@dueline/contracts/Ids"
import { Effect } from "effect"
import { fieldApi } from "../calls/CallsApi.ts"
import { withoutUndefined } from "../flags.ts"
import { table } from "../format.ts"
import { CommandFailed, print } from "../Shell.ts"

export type FieldKind = "customer" | "bin" | "order"

const get = Effect.fnUntraced(function* (kind: FieldKind, id: string, query: { readonly asOf?: string }) {
  const { bins, customers, orders } = yield* fieldApi
  const headers = {}
  switch (kind) {
    case "customer":
      return (yield* customers.get({ params: { id: id as CustomerId }, query, headers })).body
    case "bin":
      return (yield* bins.get({ params: { id: id as BinId }, query, headers })).body
    case "order":
      return (yield* orders.get({ params: { id: id as OrderId }, query, headers })).body
  }
})

const wordOf = (value: unknown): string =>
  value === null ? "-" : typeof value === "string" ? value : JSON.stringify(value)

export const showField = (kind: FieldKind) =>
  Effect.fnUntraced(function* ({ asOf, id }: { readonly id: string; readonly asOf: string | undefined }) {
    const found = yield* get(kind, id, withoutUndefined({ asOf }))
    if (found === undefined) return yield* new CommandFailed({ message: `The program answered without the ${kind}` })
    yield* print(found, ({ links: _, ...facts }) =>
      table(Object.entries(facts).map(([name, value]) => [name, wordOf(value)]))
    )
  })
