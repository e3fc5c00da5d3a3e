/** What all ChangedOrders do. They read what is committed, so they want the Persistence that writes it. */
import { EpochMillis, OrderId } from "@dueline/contracts/Ids"
import type { OrderRow } from "@dueline/contracts/order/Order"
import { ChangedOrders } from "@dueline/contracts/ports/ChangedOrders"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { type Harness, judge } from "./Harness.ts"
import * as OpsSample from "./queries/OpsSample.ts"

const nobody = OrderId.make("00000000-0000-0000-0000-000000000000")
/** Long ago, so that nothing else in a shared database changed then. */
const at = (n: number) => EpochMillis.make(5_000 + n)

export const suite = (name: string, harness: Harness<ChangedOrders | Persistence>): void =>
  judge("ChangedOrders", name, harness, (it) => {
    it.effect("those with notifications are read in the order in which they changed, page by page", () =>
      Effect.gen(function* () {
        const { bin, customer } = OpsSample.yard()
        const order = (n: number, changes: Partial<OrderRow> = {}) =>
          OpsSample.order(bin, customer.customerId, { updatedAt: at(n), status: "Draft", window: null, ...changes })
        const rows = [order(3), order(1), order(2, { notifications: [] }), order(2), order(9)]
        const { commit } = yield* Persistence
        yield* commit([OpsSample.commit(customer), OpsSample.commit(bin)])
        yield* commit(rows.map((row) => OpsSample.commit(row)))
        const { changed } = yield* ChangedOrders
        const first = yield* changed({ after: { updatedAt: at(0), orderId: nobody }, before: at(3), limit: 2 })
        const rest = yield* changed({ after: first.at(-1) ?? assert.fail("nothing"), before: at(3), limit: 10 })
        assert.deepStrictEqual(
          [...first, ...rest],
          [rows[1], rows[3], rows[0]].flatMap((row) =>
            row === undefined ? [] : [{ tenantId: row.tenantId, orderId: row.orderId, updatedAt: row.updatedAt }]
          )
        )
      })
    )
  })
