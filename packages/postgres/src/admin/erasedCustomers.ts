/** Who was erased, customers and whole tenants: ids, and when. What a backup that is older than an erasure does not know. */
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Effect, Option, Stream } from "effect"
import type { Database } from "../Database.ts"
import { verifying } from "./verify.ts"

export interface ErasedCustomer {
  readonly tenantId: string
  readonly customerId: string
  /** Epoch ms. */
  readonly erasedAt: number
}

const page = `select tenant_id::text as "tenantId", id::text as "customerId", (row ->> 'erasedAt')::float8 as "erasedAt"
  from dueline.customer_rows
  where status = 'Erased' and (tenant_id, id) > ($1::uuid, $2::uuid)
  order by tenant_id, id limit 1000`

const nobody = "00000000-0000-0000-0000-000000000000"

const nextAfter = (found: ReadonlyArray<ErasedCustomer>) =>
  Option.map(Option.fromNullishOr(found.at(-1)), ({ customerId, tenantId }) => ({ tenantId, customerId }))

/** In pages of a thousand, in the order of their ids; it reads all customers. */
export const erasedCustomers: Stream.Stream<ErasedCustomer, StoreUnavailable, Database> = Stream.paginate(
  { tenantId: nobody, customerId: nobody },
  ({ customerId, tenantId }) =>
    Effect.map(verifying<ErasedCustomer>(page, [tenantId, customerId]), (found) => [found, nextAfter(found)] as const)
)

export interface ErasedTenant {
  readonly tenantId: string
  /** Epoch ms, also of one that is being deleted: then of the beginning. */
  readonly at: number
}

export const erasedTenants = verifying<ErasedTenant>(
  `select tenant_id::text as "tenantId", updated_at::float8 as at from dueline.tenant_rows
    where status in ('Deleting', 'Deleted') and id = tenant_id order by tenant_id`,
  []
)
