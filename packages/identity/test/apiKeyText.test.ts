/** The text of an API key: whose it says it is, and that no mistyped one is taken for another. */
import { ApiKeyId } from "@dueline/contracts/apiKey/ApiKey"
import { drawKey, idOfKey, keyDigest, prefixOf } from "@dueline/identity/apiKeyText"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

const AnyId = Schema.BigInt.check(Schema.isBetweenBigInt({ minimum: 0n, maximum: 2n ** 128n - 1n }))
const idOf = (value: bigint) => {
  const hex = value.toString(16).padStart(32, "0")
  return ApiKeyId.make(hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, "$1-$2-$3-$4-$5"))
}
const Place = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 63 }))
const Letter = Schema.Literals([..."0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_ é"])

describe("the text of an API key", () => {
  it.prop(
    "is of the form that scanners look for, and says whose it is",
    { value: AnyId },
    ({ value }) => {
      const key = drawKey(idOf(value))
      assert.match(key, /^dlk_[0-9A-Za-z]{60}$/u)
      assert.strictEqual(idOfKey(key), idOf(value))
      assert.isTrue(key.startsWith(prefixOf(idOf(value))))
    },
    { tags: ["ADR-0032.1"] }
  )

  it.prop(
    "with one character changed, left out or added is no key",
    { value: AnyId, place: Place, letter: Letter },
    ({ letter, place, value }) => {
      const key = drawKey(idOf(value))
      const [before, after] = [key.slice(0, place), key.slice(place + 1)]
      if (letter !== key[place]) assert.isNull(idOfKey(`${before}${letter}${after}`))
      assert.isNull(idOfKey(`${before}${after}`))
      assert.isNull(idOfKey(`${key}${letter}`))
    },
    { tags: ["ADR-0032.1"] }
  )

  it("is drawn anew each time, and its digest tells it from every other", () => {
    const id = idOf(1n)
    const keys = new Set(Array.from({ length: 100 }, () => drawKey(id)))
    assert.strictEqual(keys.size, 100)
    assert.strictEqual(new Set([...keys].map(keyDigest)).size, 100)
  })

  it("of an id that is no UUID is no key", () => {
    const beyond = "z".repeat(22)
    assert.isNull(idOfKey(`dlk_${beyond}${"0".repeat(38)}`))
  })
})
