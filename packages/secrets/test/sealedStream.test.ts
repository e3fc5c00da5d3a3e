import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { randomBytes } from "node:crypto"
import type { Transform } from "node:stream"
import { keyOf, NotOpened, newSeal, opening, sealing } from "../src/sealedStream.ts"

const key = Buffer.alloc(32, 7)
const about = Buffer.from("a header")

/** Through the transform, in pieces of that size. */
const through = async (transform: Transform, bytes: Buffer, step = 10_000): Promise<Buffer> => {
  const out: Array<Buffer> = []
  const read = (async () => {
    for await (const chunk of transform) out.push(chunk as Buffer)
  })()
  const write = async () => {
    for (let at = 0; at < bytes.length; at += step) {
      if (!transform.write(bytes.subarray(at, at + step))) await Promise.race([drained(transform), read])
    }
    transform.end()
  }
  await Promise.all([read, write()])
  return Buffer.concat(out)
}

const drained = (transform: Transform) => new Promise<void>((resolve) => transform.once("drain", resolve))

const refused = async (sealed: Buffer, with_ = about): Promise<void> => {
  let error: unknown = null
  try {
    await through(opening(key, with_), sealed)
  } catch (cause) {
    error = cause
  }
  assert.instanceOf(error, NotOpened)
}

const frame = 65_536 + 16
const text = randomBytes(200_000)

it.effect.prop(
  "what was sealed opens again, whatever its length and however it comes in pieces",
  {
    length: Schema.Literals([0, 1, 65_535, 65_536, 65_537, 131_072, 200_000]),
    step: Schema.Int.check(Schema.isBetween({ minimum: 1_000, maximum: 300_000 }))
  },
  ({ length, step }) =>
    Effect.promise(async () => {
      const sealed = await through(sealing(key, about), text.subarray(0, length), step)
      assert.isTrue((await through(opening(key, about), sealed, step)).equals(text.subarray(0, length)))
    }),
  { arbitrary: { runs: 20 }, tags: ["ADR-0047.2"] }
)

it("frames that are cut off, left out, repeated, exchanged or changed by a bit do not open", {
  tags: ["ADR-0047.2"]
}, async () => {
  const sealed = await through(sealing(key, about), text)
  const [first, second, rest] = [
    sealed.subarray(0, frame),
    sealed.subarray(frame, 2 * frame),
    sealed.subarray(2 * frame)
  ]
  await refused(Buffer.concat([first, second]))
  await refused(sealed.subarray(0, -1))
  await refused(Buffer.alloc(0))
  await refused(Buffer.concat([first, rest]))
  await refused(Buffer.concat([first, first, second, rest]))
  await refused(Buffer.concat([second, first, rest]))
  for (const at of [0, 65_536, frame + 5, sealed.length - 1]) {
    const changed = Buffer.from(sealed)
    changed[at] = (changed[at] ?? 0) ^ 1
    await refused(changed)
  }
  await refused(sealed, Buffer.from("another header"))
})

it("a passphrase gives another key with another salt, and the same with the same", async () => {
  const seal = newSeal()
  const made = await keyOf("correct horse", seal)
  assert.isTrue(made.equals(await keyOf("correct horse", seal)))
  assert.isFalse(made.equals(await keyOf("correct horse", newSeal())))
  assert.isFalse(made.equals(await keyOf("correct horsf", seal)))
})
