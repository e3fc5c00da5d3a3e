/** A customer's profile stands nowhere in clear: not in events, rows, receipts, messages, dead letters or attachments. */
import { assert, it } from "@effect/vitest"
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import type { Command } from "@dueline/contracts/kinds"
import type { CustomerProfile, ProfileField } from "@dueline/contracts/customer/Customer"
import {
  BinId,
  CommandId,
  CorrelationId,
  CustomerId,
  EpochMillis,
  IdempotencyKey,
  OrderId,
  TenantId
} from "@dueline/contracts/Ids"
import { Intents } from "@dueline/contracts/Intent"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import * as PersonalDataVaultAes from "@dueline/secrets/PersonalDataVaultAes"
import * as Writers from "@dueline/orchestration/Writers"
import { Effect, Redacted, Schema } from "effect"

const id = (n: number) => `00000000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`
const tenantId = TenantId.make(id(1))
const customerId = CustomerId.make(id(2))
const binId = BinId.make(id(3))
const orderId = OrderId.make(id(4))
const at = EpochMillis.make(1_893_456_000_000)
const origin = { correlationId: CorrelationId.make("0abc"), traceparent: null }

/** Values that cannot stand anywhere by chance. */
const profileOf = (n: number): CustomerProfile => ({
  name: `Zuzana Kvapilová ${n}`,
  email: `zuzana.kvapilova.${n}@osobni.example`,
  phone: `+420 777 ${n}`,
  address: `Korunní ${n}, Vinohrady`,
  notes: `zvonit dvakrát, klíč u sousedky ${n}`
})
const fieldsOf = (profile: CustomerProfile) => Object.keys(profile) as ReadonlyArray<ProfileField>

const number = Schema.Int.check(Schema.isBetween({ minimum: 100_000, maximum: 999_999 }))

const living = Effect.fnUntraced(function* () {
  const store = MemoryStore.make()
  const vault = PersonalDataVaultAes.make({ key: Redacted.make(new Uint8Array(32).fill(7)) })
  const { ask } = yield* Writers.make().pipe(
    Effect.provideService(Persistence, store.persistence),
    Effect.provideService(Intents, { publish: () => undefined, subscribe: () => undefined })
  )
  let asked = 0
  /** As the edge asks: with a key, so that a receipt is kept, and a fingerprint of the request. */
  const tell = (command: Command, request: unknown) => {
    asked += 1
    const print = vault.fingerprint(JSON.stringify(request))
    return ask({
      tenantId,
      commandId: CommandId.make(`test:${asked}`),
      correlationId: origin.correlationId,
      actor: { kind: "user", id: "user-1" },
      traceparent: null,
      idempotency: { key: IdempotencyKey.make(`key-${asked}`), fingerprint: print },
      expectedVersion: null,
      command
    })
  }
  return { store, tell, vault }
})

it.effect.prop(
  "no profile is in clear in anything that is kept or sent, and after an erasure not even sealed",
  { before: number, after: number },
  ({ after, before }) =>
    Effect.gen(function* () {
      const { store, tell, vault } = yield* living()
      const [old, now] = [profileOf(before), profileOf(after)]
      const first = yield* vault.seal(tenantId, customerId, old, null)
      const fingerprint = vault.fingerprint(JSON.stringify(old))
      const about = { customerId, at }
      yield* tell(
        { _tag: "RegisterCustomer", ...about, fields: fieldsOf(old), sealed: first, fingerprint, origin },
        old
      )
      const bin = { serialNumber: "SN-1", category: "skip", sizeLitres: 1_000, location: null, customerId } as const
      yield* tell({ _tag: "CreateBin", binId, at, bin, capacityLitres: null, fingerprint: null, origin }, bin)
      const notifications = [{ url: "https://example.com/hook", leadMs: 0 }]
      const terms = { customerId, binId, kind: "pickup", notifications, origin } as const
      const window = { from: at, to: EpochMillis.make(at + 1) }
      yield* tell(
        { _tag: "CreateOrder", orderId, at, terms, window, items: [], schedule: true, fingerprint: null },
        terms
      )
      const second = yield* vault.seal(tenantId, customerId, now, first)
      yield* tell({ _tag: "UpdateCustomer", ...about, fields: fieldsOf(now), sealed: second }, now)
      const kept = JSON.stringify(store.dump())
      for (const value of [...Object.values(old), ...Object.values(now)]) {
        assert.notInclude(kept, value)
        assert.notInclude(kept, Buffer.from(value).toString("base64url").slice(0, -2))
      }
      assert.deepStrictEqual(yield* vault.open(tenantId, customerId, second), now)
      assert.include(kept, second)
      yield* tell({ _tag: "CancelOrder", orderId, at }, null)
      yield* tell({ _tag: "EraseCustomer", ...about }, null)
      const left = JSON.stringify(store.dump())
      for (const sealed of [...first.split("."), ...second.split(".")]) assert.notInclude(left, sealed)
    }).pipe(Effect.scoped),
  { arbitrary: { runs: 20 } }
)
