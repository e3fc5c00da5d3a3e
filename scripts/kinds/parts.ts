/** The kind `vehicle`: something that goes out for an order, known by its plate. Its sources lie beside this file, as texts. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Edit, Part } from "./Trial.ts"

const textOf = (file: string): string => readFileSync(join(import.meta.dirname, "vehicle", `${file}.txt`), "utf8")

const made = (role: Part["role"], path: string, file: string): Part => ({
  path,
  role,
  change: { _tag: "new", text: textOf(file) }
})

const touched = (role: Part["role"], path: string, ...edits: ReadonlyArray<Edit>): Part => ({
  path,
  role,
  change: { _tag: "touched", edits }
})

/** `migration`: the number that comes after those there are. */
export const vehicleParts = (migration: number): ReadonlyArray<Part> => [
  made("source", "packages/contracts/src/vehicle/Vehicle.ts", "Vehicle.ts"),
  made("source", "packages/contracts/src/vehicle/VehicleEndpoints.ts", "VehicleEndpoints.ts"),
  made("source", "packages/orchestration/src/aggregates/Vehicle.ts", "aggregate.ts"),
  made("source", "packages/api/src/ops/VehicleHandlers.ts", "VehicleHandlers.ts"),
  made("source", `packages/postgres/migrations/${String(migration).padStart(4, "0")}_vehicles.sql`, "vehicles.sql"),
  made("suite", "packages/orchestration/test/Vehicle.test.ts", "Vehicle.test.ts"),
  made("suite", "packages/api/test/vehicles.test.ts", "vehicles.test.ts"),
  touched(
    "source",
    "packages/contracts/src/kinds.ts",
    {
      after: 'import type { PublicTopic } from "./topics/topic.ts"\n',
      text: `import {
  VehicleCommand,
  vehicleFields,
  VehicleOutcome,
  vehicleProblems,
  VehicleRejection,
  type VehicleRow,
  vehicleRules,
  vehicleTopics
} from "./vehicle/Vehicle.ts"
import { vehicleOperations } from "./vehicle/VehicleEndpoints.ts"
`
    },
    {
      after: "    operations: orderOperations,\n    attachment: false\n  })",
      text: `,
  vehicle: kindOf<VehicleRow>()({
    id: "vehicleId",
    rowTag: "VehicleRow",
    plural: "vehicles",
    rows: "documents",
    fields: vehicleFields,
    rules: vehicleRules,
    command: VehicleCommand,
    outcome: VehicleOutcome,
    rejection: VehicleRejection,
    topics: vehicleTopics,
    scope: "vehicles",
    missing: { vehicle_not_found: { status: 404, title: "There is no such vehicle in this tenant." } },
    problems: vehicleProblems,
    operations: vehicleOperations,
    attachment: false
  })`
    }
  ),
  touched(
    "source",
    "packages/orchestration/src/aggregates.ts",
    {
      after: 'import { ServiceCall } from "./aggregates/service-call/ServiceCall.ts"\n',
      text: 'import { Vehicle } from "./aggregates/Vehicle.ts"\n'
    },
    { after: "  order: Order", text: ",\n  vehicle: Vehicle" }
  ),
  touched(
    "source",
    "packages/api/src/Routes.ts",
    {
      after: 'import * as TenantRulesHandlers from "./system/TenantRulesHandlers.ts"\n',
      text: 'import * as VehicleHandlers from "./ops/VehicleHandlers.ts"\n'
    },
    { after: "  order: OrderHandlers.layer", text: ",\n  vehicle: VehicleHandlers.layer" }
  ),
  touched(
    "suite",
    "packages/orchestration/test/kindSamples.ts",
    {
      after: 'import type { ServiceCallEvent } from "@dueline/contracts/serviceCall/Event"\n',
      text: 'import { type VehicleEvent, VehicleId } from "@dueline/contracts/vehicle/Vehicle"\n'
    },
    {
      after: 'import * as Call from "./ServiceCallSample.ts"\n',
      text: '\nconst vehicleId = VehicleId.make("00000000-0000-7000-8000-f00000000001")\n'
    },
    {
      after: "const response = { bodyBytes: 12, bodySnippet: '{\"ok\":true}', truncated: false }\n",
      text: `
const vehicle: Samples<VehicleEvent> = {
  VehicleCreated: {
    _tag: "VehicleCreated",
    vehicle: { plate: "1A2 3456", orderId: Field.orderId },
    createdAt: Call.t0,
    fingerprint: "f1",
    origin
  },
  VehicleUpdated: { _tag: "VehicleUpdated", vehicle: { plate: "1A2 3457", orderId: null } }
}
`
    },
    { after: "  bin,\n  order", text: ",\n  vehicle" },
    {
      after: '(n % 20) + 1)), "OrderAccepted"]',
      text: `,
  vehicle: [
    {
      _tag: "CreateVehicle",
      vehicleId,
      at: Call.t0,
      vehicle: { plate: "1A2 3456", orderId: null },
      fingerprint: "f1",
      origin
    },
    (n) => ({ _tag: "UpdateVehicle", vehicleId, at: Call.t0, changes: { plate: \`V \${n}\` } }),
    "VehicleAccepted"
  ]`
    }
  ),
  touched(
    "suite",
    "packages/port-contracts/src/queries/OpsListProbe.ts",
    {
      after: 'import { OrderKind, OrderStatus } from "@dueline/contracts/order/Order"\n',
      text: 'import { VehicleId, type VehicleRow } from "@dueline/contracts/vehicle/Vehicle"\n'
    },
    {
      after: "const made = { version: Schema.Literals([1, 2, 3]), createdAt: moment, updatedAt: moment }\n",
      text: `
const vehicleRow = (tenantId: TenantId, changes: Partial<VehicleRow> = {}): VehicleRow => ({
  _tag: "VehicleRow",
  tenantId,
  vehicleId: VehicleId.make(Sample.uuid()),
  version: 1,
  plate: \`P \${Sample.uuid().slice(-8).toUpperCase()}\`,
  orderId: null,
  createdAt: Sample.now as EpochMillis,
  updatedAt: Sample.now as EpochMillis,
  correlationId: "0abc",
  ...changes
})

const vehicle = probe("vehicle", {
  row: vehicleRow,
  drawn: Schema.Struct(made),
  rowOf: (tenantId, drawn, n): VehicleRow => vehicleRow(tenantId, { ...drawn, plate: \`\${n % 2 === 0 ? "A" : "B "}\${n}\` })
})
`
    },
    { after: "  customer,\n  bin,\n  order", text: ",\n  vehicle" }
  )
]

/**
 * The tests that a new kind is held to: its own, and those that go over all kinds, in memory, on PostgreSQL and over HTTP. Of these the tests that
 * name it, and of rights all: the others say nothing about a further kind, and take most of the time.
 */
export const vehicleTests = {
  files: [
    "packages/orchestration/test/Vehicle.test.ts",
    "packages/api/test/vehicles.test.ts",
    "packages/postgres/test/rights.test.ts",
    "packages/orchestration/test/golden.test.ts",
    "packages/orchestration/test/snapshots.test.ts",
    "packages/port-contracts/test/memory.test.ts",
    "packages/postgres/test/contracts.test.ts"
  ],
  name: "vehicle|database rights"
} as const
