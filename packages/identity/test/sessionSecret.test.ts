/** The text by which a session is held: it names its session, exactly, and nothing else is one. */
import { SessionId } from "@dueline/contracts/session/Session"
import { TenantId } from "@dueline/contracts/Ids"
import { assert, it } from "@effect/vitest"
import { Schema } from "effect"
import { hash } from "node:crypto"
import { drawSecret, readSecret } from "../src/sessionSecret.ts"

const tenantId = TenantId.make("11111111-1111-4111-8111-111111111111")
const sessionId = SessionId.make("019c0de0-0e01-7000-8000-00000000e001")

it("names its session, is found by scanners, and differs each time", { tags: ["ADR-0041.1"] }, () => {
  const [one, other] = [drawSecret({ tenantId, sessionId }), drawSecret({ tenantId, sessionId })]
  assert.match(one.text, /^dls_[\w-]{86}$/u)
  assert.notStrictEqual(one.text, other.text)
  assert.deepStrictEqual(readSecret(one.text), { tenantId, sessionId, digest: one.digest })
  assert.strictEqual(one.digest, hash("sha256", one.text, "base64url"))
})

it.prop(
  "with a character changed, added or left out it is no text of a session, or one with another digest",
  { at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 89 })), by: Schema.String },
  ({ at, by }) => {
    const { digest, text } = drawSecret({ tenantId, sessionId })
    for (const changed of [text.slice(0, at) + by + text.slice(at + 1), text.slice(0, at) + by + text.slice(at)]) {
      if (changed === text) continue
      assert.notStrictEqual(readSecret(changed)?.digest, digest)
    }
  }
)
