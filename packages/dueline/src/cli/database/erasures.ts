/** What `dueline erasures` does: an erasure outlives the backups that were made before it. */
import { systemEnvelope } from "@dueline/contracts/Envelope"
import { CustomerId, EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { Intents } from "@dueline/contracts/Intents"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { randomCorrelationId } from "@dueline/identity/randomId"
import * as Writers from "@dueline/orchestration/Writers"
import { erasedCustomers } from "@dueline/postgres/admin/erasedCustomers"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import { Clock, Console, Effect, Layer, Schema, Stream } from "effect"
import { readFileSync } from "node:fs"
import * as Configuration from "../../Configuration.ts"
import { localInstant } from "../format.ts"
import { CommandFailed, print, Shell } from "../Shell.ts"
import { openDatabase } from "./openDatabase.ts"

/** One line of the list. */
const Erasure = Schema.Struct({ tenantId: TenantId, customerId: CustomerId, erasedAt: Schema.String })
type Erasure = typeof Erasure.Type

/** One JSON document a line, with and without `--json`: it is a file for `apply`. */
export const listErasures = Effect.fnUntraced(function* () {
  const settings = yield* Configuration.read((yield* Shell).env)
  yield* Stream.runForEach(erasedCustomers, ({ customerId, erasedAt, tenantId }) =>
    Console.log(JSON.stringify({ tenantId, customerId, erasedAt: localInstant(erasedAt, 0) }))
  ).pipe(Effect.provide(openDatabase(settings)))
})

const decodeLine = Schema.decodeUnknownEffect(Schema.fromJsonString(Erasure))

/** All lines are read before the first customer is erased: a list that is damaged changes nothing. */
export const readErasures = Effect.fnUntraced(function* (file: string) {
  const text = yield* Effect.try({
    try: () => readFileSync(file, "utf8"),
    catch: (cause) => new CommandFailed({ message: `${file} cannot be read: ${String(cause)}` })
  })
  const lines = text.split("\n").filter((line) => line.trim() !== "")
  return yield* Effect.forEach(lines, (line, index) =>
    Effect.mapError(
      decodeLine(line),
      () =>
        new CommandFailed({
          message: `Line ${index + 1} of ${file} is no erasure`,
          notes: ["each line is as `dueline erasures list` prints it; nothing was changed"]
        })
    )
  )
})

type Fate = "erased" | "unknown" | "open orders"

/** A customer who is erased already is erased again without an event. */
const eraseOne = Effect.fnUntraced(function* ({ customerId, tenantId }: Erasure) {
  const correlationId = yield* randomCorrelationId
  const at = EpochMillis.make(yield* Clock.currentTimeMillis)
  const command = { _tag: "EraseCustomer" as const, customerId, at }
  const envelope = systemEnvelope("dueline-cli", { tenantId, correlationId }, `erase:${correlationId}`, command)
  const fate = (found: Fate) => () => Effect.succeed(found)
  return yield* (yield* Orchestrator).ask(envelope).pipe(
    Effect.as("erased" as Fate),
    Effect.catchTags({
      CustomerNotFound: fate("unknown"),
      CustomerIsErased: fate("erased"),
      CustomerInUse: fate("open orders")
    })
  )
})

/** Those whom the list names and the database knows are erased afterwards; who has open orders is told. */
export const applyErasures = Effect.fnUntraced(function* (
  settings: Configuration.Settings,
  erasures: ReadonlyArray<Erasure>
) {
  const writers = Writers.layer().pipe(
    Layer.provide([Intents.layer, PostgresPersistence.layer]),
    Layer.provide(openDatabase(settings))
  )
  const fates = yield* Effect.forEach(erasures, (erasure) =>
    Effect.map(eraseOne(erasure), (fate) => ({ ...erasure, fate }))
  ).pipe(
    Effect.provide(writers),
    Effect.mapError(
      (error) =>
        new CommandFailed({
          message: `Not all are erased: ${error.message}`,
          notes: ["run it again: what was done stays done"]
        })
    )
  )
  const count = (wanted: Fate) => fates.filter(({ fate }) => fate === wanted).length
  return {
    erased: count("erased"),
    unknown: count("unknown"),
    left: fates
      .filter(({ fate }) => fate === "open orders")
      .map(({ customerId, tenantId }) => ({ tenantId, customerId }))
  }
})

export type Applied = Effect.Success<ReturnType<typeof applyErasures>>

/** What an operator has to do about those who could not be erased. */
export const leftOver = ({ left }: Applied) =>
  new CommandFailed({
    message: `${left.length} customers have open orders and are not erased`,
    notes: [
      ...left.slice(0, 20).map(({ customerId, tenantId }) => `${tenantId}  ${customerId}`),
      "cancel or complete their orders, then apply the list again"
    ]
  })

export const appliedWords = ({ erased, unknown }: Applied): string =>
  `${erased} customers are erased${unknown === 0 ? "" : `, ${unknown} are not known here`}`

export const applyErasureList = Effect.fnUntraced(function* ({ file }: { readonly file: string }) {
  const settings = yield* Configuration.read((yield* Shell).env)
  const applied = yield* applyErasures(settings, yield* readErasures(file))
  yield* print(applied, appliedWords)
  if (applied.left.length > 0) return yield* leftOver(applied)
})
