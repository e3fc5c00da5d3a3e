import { parseTarget, targetOf } from "@dueline/contracts/serviceCall/target"
import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { makeEgressGuard } from "../src/egress/EgressGuard.ts"
import { redactUrl } from "../src/redaction/Redactor.ts"

const problemOf = (text: string) =>
  Result.match(parseTarget(text), { onFailure: ({ code }) => code, onSuccess: String })

describe("the URL of a call", { tags: ["ADR-0024.6"] }, () => {
  const refused: ReadonlyArray<readonly [text: string, code: string]> = [
    ["http://allowed.test:18231\\@127.0.0.1:18232/", "url_invalid"],
    ["http:\\\\a.test\\", "url_invalid"],
    ["http://a.test/x\\y", "url_invalid"],
    ["http://a.test/\r\nhost: b.test", "url_invalid"],
    ["http://a.te\tst/", "url_invalid"],
    ["http://a.test/\u0000", "url_invalid"],
    ["http://a.test/?q=\u007f", "url_invalid"],
    ["http://a.test/\u0085", "url_invalid"],
    [" http://a.test/", "url_invalid"],
    ["http://a.test/\u00a0", "url_invalid"],
    ["http://a.test/\ud800", "url_invalid"],
    ["http://", "url_invalid"],
    ["/path", "url_invalid"],
    ["ftp://a.test/", "scheme_not_allowed"],
    ["http://u@a.test/", "credentials_in_url"],
    ["http://:p@a.test/", "credentials_in_url"]
  ]

  it.each(refused)("%j is refused: %s", (text, code) => assert.strictEqual(problemOf(text), code))

  const read: ReadonlyArray<readonly [text: string, href: string]> = [
    ["HTTP://A.Test:80/../x", "http://a.test/x"],
    ["http://inside。test/", "http://inside.test/"],
    ["https://bücher.test", "https://xn--bcher-kva.test/"],
    ["http://0x7f.1/", "http://127.0.0.1/"],
    ["http://a.test/a b?q=c\\d#fragment", "http://a.test/a%20b?q=c\\d"],
    ["http://a.test/ä", "http://a.test/%C3%A4"]
  ]

  it.each(read)("%j is stored, shown and called as %s", (text, href) => assert.strictEqual(problemOf(text), href))

  it.prop(
    "is shown as the host that is called, and read again as itself, whatever it is made of",
    {
      pieces: Schema.Array(
        Schema.Union([
          Schema.String,
          Schema.Literals([
            "http:",
            "https:",
            "//",
            "/",
            "\\",
            "@",
            ":",
            "?",
            "#",
            "a.test",
            "B.test",
            "[::1]",
            "80",
            "%5c",
            "。",
            "\r\n",
            "\t"
          ])
        ])
      )
    },
    ({ pieces }) => {
      for (const text of [pieces.join(""), `http://${pieces.join("")}`]) {
        const parsed = parseTarget(text)
        if (Result.isFailure(parsed)) continue
        const { host, href } = parsed.success
        assert.strictEqual(problemOf(href), href)
        assert.strictEqual(targetOf(href), host)
        assert.strictEqual(URL.parse(redactUrl(text))?.host, host)
        assert.strictEqual(targetOf(redactUrl(text)), host)
      }
    }
  )

  it("is read by the guard in the same way", () => {
    const guard = makeEgressGuard(["allowed.test", "inside.test"])
    for (const [text, code] of refused) assert.strictEqual(guard.checkUrl(text)?.code, code, text)
    assert.isNull(guard.checkUrl("http://inside。test/"))
  })
})
