import { CustomerProfile } from "@dueline/contracts/customer/Customer"
import { CustomerId, TenantId } from "@dueline/contracts/Ids"
import { assert, it } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import { createHmac, hash } from "node:crypto"
import { make } from "../src/PersonalDataVaultAes.ts"

const material = (fill: number) => Redacted.make(new Uint8Array(32).fill(fill))
const vault = make({ key: material(1) })
const tenant = TenantId.make("11111111-1111-4111-8111-111111111111")
const customer = CustomerId.make("22222222-2222-4222-8222-222222222222")
const profile: CustomerProfile = { name: "Ada Byron", email: "ada@example.com" }
const keyOf = (sealed: string) => sealed.split(".")[0] ?? ""
const profileOf = (sealed: string) => sealed.split(".")[1] ?? ""

it.effect.prop(
  "what was sealed is opened again, and none of it can be read in between",
  { profile: CustomerProfile, tenantId: TenantId, customerId: CustomerId },
  ({ customerId, profile, tenantId }) =>
    Effect.gen(function* () {
      const sealed = yield* vault.seal(tenantId, customerId, profile, null)
      assert.match(sealed, /^[\w-]+\.[\w-]+$/u)
      assert.notInclude(Buffer.from(profileOf(sealed), "base64url").toString("latin1"), '"name"')
      assert.deepStrictEqual(yield* vault.open(tenantId, customerId, sealed), profile)
    }),
  { tags: ["ADR-0015.1"] }
)

it.effect.prop(
  "nothing opens for another customer or another tenant",
  { tenantId: TenantId, otherTenant: TenantId, customerId: CustomerId, other: CustomerId },
  ({ customerId, other, otherTenant, tenantId }) =>
    Effect.gen(function* () {
      const sealed = yield* vault.seal(tenantId, customerId, profile, null)
      const opens = (as: TenantId, whose: CustomerId) =>
        Effect.match(vault.open(as, whose, sealed), { onFailure: () => false, onSuccess: () => true })
      assert.strictEqual(yield* opens(otherTenant, customerId), otherTenant === tenantId)
      assert.strictEqual(yield* opens(tenantId, other), other === customerId)
    }),
  { tags: ["ADR-0015.1"] }
)

it.effect("a profile put beside another customer's key, or a customer's old key, does not open", () =>
  Effect.gen(function* () {
    const mine = yield* vault.seal(tenant, customer, profile, null)
    const again = yield* vault.seal(tenant, customer, profile, null)
    assert.notStrictEqual(keyOf(mine), keyOf(again))
    const mixed = `${keyOf(again)}.${profileOf(mine)}`
    assert.strictEqual((yield* Effect.flip(vault.open(tenant, customer, mixed)))._tag, "SealBroken")
  })
)

it.effect.prop(
  "a sealed text with any character changed, cut off or added does not open",
  { place: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 0.999 })), letter: Schema.Char },
  ({ letter, place }) =>
    Effect.gen(function* () {
      const sealed = yield* vault.seal(tenant, customer, profile, null)
      const at = Math.floor(place * sealed.length)
      const changed = sealed.slice(0, at) + letter + sealed.slice(at + 1)
      const texts = [changed, sealed.slice(0, at), sealed + letter, `${sealed}.x`, keyOf(sealed), ""]
      for (const text of texts.filter((text) => text !== sealed)) {
        const error = yield* Effect.flip(vault.open(tenant, customer, text))
        assert.strictEqual(error._tag, "SealBroken", text)
        assert.notInclude(error.detail, "Ada")
      }
    })
)

it.effect(
  "a customer keeps its key through every update, and the same profile is never sealed to the same text",
  () =>
    Effect.gen(function* () {
      const first = yield* vault.seal(tenant, customer, profile, null)
      const second = yield* vault.seal(tenant, customer, { ...profile, name: "Ada Lovelace" }, first)
      const third = yield* vault.seal(tenant, customer, profile, second)
      assert.strictEqual(keyOf(second), keyOf(first))
      assert.strictEqual(keyOf(third), keyOf(first))
      assert.strictEqual(new Set([first, second, third].map(profileOf)).size, 3)
      // What was left of an earlier text opens with the key as long as that is there.
      const older = yield* vault.open(tenant, customer, `${keyOf(third)}.${profileOf(second)}`)
      assert.strictEqual(older.name, "Ada Lovelace")
    }),
  { tags: ["ADR-0015.2"] }
)

it.effect(
  "a new installation key opens what older ones sealed, and takes over with the next update",
  () =>
    Effect.gen(function* () {
      const old = yield* vault.seal(tenant, customer, profile, null)
      const rotated = make({ key: material(2), opening: [material(1)] })
      assert.deepStrictEqual(yield* rotated.open(tenant, customer, old), profile)
      const updated = yield* rotated.seal(tenant, customer, { name: "Ada" }, old)
      assert.notStrictEqual(keyOf(updated), keyOf(old))
      const alone = make({ key: material(2) })
      assert.deepStrictEqual(yield* alone.open(tenant, customer, updated), { name: "Ada" })
      assert.include((yield* Effect.flip(alone.open(tenant, customer, old))).detail, "not here")
      // Still the customer's own key underneath: the older profile opens beside it.
      assert.deepStrictEqual(yield* alone.open(tenant, customer, `${keyOf(updated)}.${profileOf(old)}`), profile)
    }),
  { tags: ["ADR-0015.2"] }
)

it.effect.prop(
  "a fingerprint is the same for the same text alone, and nobody without the key can tell it",
  { a: Schema.String, b: Schema.String },
  ({ a, b }) =>
    Effect.sync(() => {
      const wellFormed = a.isWellFormed() && b.isWellFormed()
      if (wellFormed) assert.strictEqual(vault.fingerprint(a) === vault.fingerprint(b), a === b)
      assert.notStrictEqual(vault.fingerprint(a), make({ key: material(2) }).fingerprint(a))
      assert.notStrictEqual(vault.fingerprint(a), hash("sha256", a, "base64url"))
      const unkeyed = createHmac("sha256", new Uint8Array(32).fill(1)).update(a, "utf8").digest("base64url")
      assert.notStrictEqual(vault.fingerprint(a), unkeyed)
    }),
  { tags: ["ADR-0015.4"] }
)

it("a fingerprint outlives a new installation key", () => {
  const rotated = make({ key: material(2), opening: [material(1)] })
  assert.strictEqual(rotated.fingerprint("a"), vault.fingerprint("a"))
})

it("key material that is too short is refused", () => {
  assert.throws(() => make({ key: Redacted.make(new Uint8Array(31)) }), RangeError)
})
