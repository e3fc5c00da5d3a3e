/** The example for targets in docs/design/messages.md, checked against what the executor sends. */
import { assert, describe, it } from "@effect/vitest"
import { Redacted } from "effect"
import { readFileSync } from "node:fs"
import { buildHeaders } from "../src/attempts/requestHeaders.ts"
import * as Sample from "./ExecutionSample.ts"
import { verifyRequest } from "./verifyRequest.ts"

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
const now = 1_700_000_000_123
const body = '{"hello":"wörld"}'
const intent = Sample.intent()
const sent = buildHeaders(intent, {}, body, { secret: Redacted.make(secret), now, userAgent: "dueline/1" })
const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8")

describe("the example for targets", () => {
  it("believes what was sent, and says which attempt it is", () => {
    const { attempt, callId, epoch } = intent
    assert.deepStrictEqual(verifyRequest(secret, sent, body, now), { callId, epoch, attempt })
  })

  it("believes nothing that was changed, is unsigned, too old or signed by somebody else", () => {
    for (const name of ["webhook-id", "webhook-timestamp", "dueline-epoch", "dueline-attempt"]) {
      assert.isNull(verifyRequest(secret, { ...sent, [name]: "7" }, body, now), name)
    }
    for (const name of ["webhook-signature", "dueline-signature"]) {
      assert.isNull(verifyRequest(secret, { ...sent, [name]: undefined }, body, now), name)
    }
    assert.isNull(verifyRequest(secret, sent, `${body} `, now))
    assert.isNull(verifyRequest(secret, sent, body, now + 302_000))
    assert.isNull(verifyRequest("whsec_AAAA", sent, body, now))
  })

  it("stands in the documentation as it is here", () => {
    assert.include(read("../../../docs/design/messages.md"), read("./verifyRequest.ts").trimEnd())
  })
})
