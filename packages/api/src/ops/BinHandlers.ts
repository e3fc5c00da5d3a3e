/** Bins over HTTP: how bodies become commands, how bins are shown, and why commands are refused. */
import { Principal } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import { type Bin, type BinListed, type BinState, parsePlace } from "@dueline/contracts/bin/BinEndpoints"
import { formatInstant } from "@dueline/contracts/api/Wire"
import type { BinFacts, BinRejection, BinRow } from "@dueline/contracts/bin/Bin"
import type { BinId, CorrelationId } from "@dueline/contracts/Ids"
import { type Near, type NearOptions, OpsQueries } from "@dueline/contracts/ports/Queries"
import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { makeAttributes } from "../access/attributes.ts"
import { leanGroup } from "../server/leanGroup.ts"
import { defaultLimit, makePaging, nearMark } from "../resources/paging.ts"
import type { Raw } from "../resources/asking.ts"
import { keyReused, notFound, type Refusals, reject, storeUnavailable } from "../requests/refusal.ts"
import { equals, makeReads, untagged } from "../resources/resourceReads.ts"
import { makeWrites } from "../resources/resourceWrites.ts"

const shown = (id: BinId, bin: BinFacts, version: number): BinState => ({
  id,
  serialNumber: bin.serialNumber,
  category: bin.category,
  sizeLitres: bin.sizeLitres,
  capacityLitres: bin.capacityLitres,
  status: bin.status,
  location: bin.location,
  customerId: bin.customerId,
  createdAt: formatInstant(bin.createdAt),
  updatedAt: formatInstant(bin.updatedAt),
  version,
  links: { self: `/ops/bins/${id}` }
})

const binOf = (row: BinRow): Bin => ({
  ...shown(row.binId, row, row.version),
  correlationId: row.correlationId as CorrelationId
})

const nearOf = ({ bin, distanceMetres }: Near): BinListed => ({
  ...binOf(bin),
  distanceMetres: Math.round(distanceMetres * 10) / 10
})

const refusals = {
  BinNotFound: notFound("bin_not_found"),
  BinIsRetired: {
    code: "bin_retired",
    advice: "Create another bin: nothing about this one changes any more.",
    existing: true
  },
  BinInUse: {
    code: "bin_in_use",
    advice: "Cancel or complete its scheduled and confirmed orders first; list them with `?binId=`.",
    existing: true
  },
  BinIdTaken: keyReused,
  SerialNumberTaken: {
    code: "serial_number_taken",
    advice: "Find the other bin with `?serialNumber=`, or give this one another number."
  },
  BinCustomerUnfit: {
    code: "customer_unfit",
    advice: "Name a customer that is registered and not erased.",
    details: ({ reason }) => ({ conflict: { reason } })
  },
  CapacityAboveSize: {
    code: "capacity_above_size",
    advice: ({ capacityLitres, sizeLitres }) =>
      `A bin of ${sizeLitres} litres cannot take ${capacityLitres}: choose a smaller capacity, or a larger size first.`,
    details: ({ sizeLitres }) => ({
      errors: [{ path: "body", message: `the capacity must be ${sizeLitres} litres at the most` }]
    })
  }
} as const satisfies Refusals<BinRejection>

type ListQuery = Raw<"bins", "list">["query"]

type NearMark = NonNullable<NearOptions["after"]>
const markOf = ({ bin: { binId }, distanceMetres }: Near): NearMark => ({ distanceMetres, binId })

const makeBinReads = makeReads("bin")

const makeList = ({ filter, newest }: Effect.Success<typeof makeBinReads>) =>
  Effect.gen(function* () {
    const queries = yield* OpsQueries
    const nearest = yield* makePaging(nearMark)
    const page = newest(binOf)
    const { shownPage } = yield* makeAttributes

    return Effect.fnUntraced(function* ({ query }: Raw<"bins", "list">) {
      const { tenantId } = yield* Principal
      const { category, cursor, customerId, limit = defaultLimit, serialNumber, status } = query
      const under = yield* filter(query.filter, equals({ status, category, serialNumber, customerId }))
      const around = yield* placeOf(query)
      if (around === null) return yield* page(under, query)
      const about = { list: "bins near", filter: under, ...around }
      const after = yield* nearest.after(tenantId, about, cursor)
      const found = yield* shownPage(
        (after: NearMark | null, limit) =>
          queries.near({ tenantId, filter: under, after, limit, ...around }).pipe(
            Effect.map((rows) => {
              const last = rows.length < limit ? undefined : rows.at(-1)
              return { rows, next: last === undefined ? null : markOf(last) }
            }),
            Effect.catch(storeUnavailable)
          ),
        { after, limit },
        ({ bin }) => untagged(bin),
        markOf
      )
      return { items: found.rows.map(nearOf), nextCursor: nearest.next(tenantId, about, found.next) }
    })
  })

/** Null when bins are not looked for around a place. */
const placeOf = ({ near, radius }: ListQuery) => {
  if (near === undefined && radius === undefined) return Effect.succeed(null)
  const centre = near === undefined ? null : parsePlace(near)
  if (centre !== null && radius !== undefined) return Effect.succeed({ centre, radiusMetres: radius })
  const path = near === undefined ? "query.near" : "query.radius"
  return reject("invalid_request", "Give near and radius together, or neither.", {
    errors: [{ path, message: "is missing: near and radius go together" }]
  })
}

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const reads = yield* makeBinReads
    const list = yield* makeList(reads)
    const { change, create } = yield* makeWrites("bin", {
      refusals,
      present: reads.present,
      state: (_tenantId, { outcome, version }) => shown(outcome.binId, outcome.bin, version)
    })
    const operations = {
      create: create("create", {
        as: "create-bin",
        command: ({ at, body, fingerprint, id, origin }) => {
          const { capacityLitres = null, customerId = null, location = null, ...rest } = body
          const bin = { ...rest, customerId, location }
          return { _tag: "CreateBin", binId: id, at, bin, capacityLitres, fingerprint, origin }
        }
      }),
      update: change("update", {
        as: "update-bin",
        command: ({ at, body, id }) => ({ _tag: "UpdateBin", binId: id, at, changes: body })
      }),
      capacity: change("capacity", {
        as: "capacity-bin",
        command: ({ at, body, id }) => ({ _tag: "UpdateBinCapacity", binId: id, at, ...body })
      }),
      retire: change("retire", {
        as: "retire-bin",
        command: ({ at, id }) => ({ _tag: "RetireBin", binId: id, at })
      })
    }
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "bins", (handlers) =>
        handlers
          .handleRaw("create", operations.create)
          .handle("list", list)
          .handle("get", reads.get(binOf))
          .handleRaw("update", operations.update)
          .handleRaw("capacity", operations.capacity)
          .handle("retire", operations.retire)
      )
    )
  })
)
