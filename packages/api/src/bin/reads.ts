/** Bins as lists and details show them, straight from the store. */
import { Principal } from "@dueline/contracts/api/Access"
import { parsePlace } from "@dueline/contracts/api/BinRequest"
import { type NotFound, type Unavailable, Unprocessable } from "@dueline/contracts/api/ProblemError"
import { binFields } from "@dueline/contracts/bin/fields"
import type { BinRow } from "@dueline/contracts/bin/Row"
import type { BinCategory, BinStatus } from "@dueline/contracts/bin/Spec"
import type { BinId, CustomerId, TenantId } from "@dueline/contracts/Ids"
import { OpsQueries } from "@dueline/contracts/ports/OpsQueries"
import { Effect } from "effect"
import { makeAsOf } from "../asOf.ts"
import { makeNewestFirst, present, shownUnless } from "../fieldReads.ts"
import { equals, specificationOf } from "../lookup.ts"
import { nearMark } from "../marks.ts"
import { defaultLimit, makePaging } from "../paging.ts"
import { storeUnavailable } from "../refusal.ts"
import { reject } from "../reject.ts"
import { binNotFound } from "./refusal.ts"
import { binOf, nearOf } from "./view.ts"

interface ListQuery {
  readonly limit?: number
  readonly cursor?: string
  readonly filter?: string
  readonly status?: BinStatus
  readonly category?: BinCategory
  readonly serialNumber?: string
  readonly customerId?: CustomerId
  readonly near?: string
  readonly radius?: number
}

interface Asked {
  readonly params: { readonly id: BinId }
  readonly query: { readonly asOf?: string }
  readonly headers: { readonly "if-none-match"?: string }
}

export const presentBin = (
  queries: OpsQueries["Service"],
  tenantId: TenantId,
  binId: BinId
): Effect.Effect<BinRow, NotFound | Unavailable> => present(queries.find("bin", tenantId, binId), binNotFound)

export const makeBinReads = Effect.gen(function* () {
  const queries = yield* OpsQueries
  const asOf = yield* makeAsOf("bin", "BinRow", binNotFound)
  const newest = yield* makeNewestFirst("bins", (options) => queries.list("bin", options), binOf)
  const nearest = yield* makePaging(nearMark)

  const list = Effect.fnUntraced(function* ({ query }: { readonly query: ListQuery }) {
    const { tenantId } = yield* Principal
    const { category, cursor, customerId, limit = defaultLimit, serialNumber, status } = query
    const plain = equals({ status, category, serialNumber, customerId })
    const filter = yield* specificationOf(binFields, query.filter, plain)
    const around = yield* placeOf(query)
    if (around !== null) {
      const about = { list: "bins near", filter, ...around }
      const after = yield* nearest.after(tenantId, about, cursor)
      const found = yield* queries
        .near({ tenantId, filter, after, limit, ...around })
        .pipe(Effect.catch(storeUnavailable))
      const last = found.length < limit ? undefined : found.at(-1)
      const mark = last === undefined ? null : { distanceMetres: last.distanceMetres, binId: last.bin.binId }
      return { items: found.map(nearOf), nextCursor: nearest.next(tenantId, about, mark) }
    }
    return yield* newest(filter, query)
  })

  const get = Effect.fnUntraced(function* ({ headers, params, query }: Asked) {
    const { tenantId } = yield* Principal
    const row = yield* query.asOf === undefined
      ? presentBin(queries, tenantId, params.id)
      : asOf(tenantId, params.id, query.asOf)
    return yield* shownUnless(headers["if-none-match"], binOf(row))
  })

  return { get, list }
})

/** Null when bins are not looked for around a place. */
const placeOf = ({ near, radius }: ListQuery) => {
  if (near === undefined && radius === undefined) return Effect.succeed(null)
  const centre = near === undefined ? null : parsePlace(near)
  if (centre !== null && radius !== undefined) return Effect.succeed({ centre, radiusMetres: radius })
  const path = near === undefined ? "query.near" : "query.radius"
  return reject(Unprocessable, "invalid_request", "Give near and radius together, or neither.", {
    errors: [{ path, message: "is missing: near and radius go together" }]
  })
}
