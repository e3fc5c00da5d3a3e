import { problemCodes } from "@dueline/contracts/api/Problem"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Edge, later, layer as edge } from "./Edge.ts"
import { type Reply, type Sent, sendRaw } from "./send.ts"

const json = { "content-type": "application/json" }
const calls = "/v1/service-calls"
const missing = `${calls}/00000000-0000-4000-8000-000000000000`
const post = (body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Sent => ({
  method: "POST",
  path: calls,
  headers: { ...json, ...headers },
  body
})
const submit = (change: object, headers: Readonly<Record<string, string>> = {}): Sent =>
  post(JSON.stringify({ ...later, ...change }), headers)
const request = (change: object): Sent => submit({ request: { ...later.request, ...change } })
const get = (path: string, headers: Readonly<Record<string, string>> = {}): Sent => ({ method: "GET", path, headers })
const patch = (body: unknown, headers: Readonly<Record<string, string>> = {}): Sent => ({
  method: "PATCH",
  path: missing,
  headers: { ...json, ...headers },
  body: JSON.stringify(body)
})

const deep = (levels: number): string =>
  `{"request":{"method":"POST","url":"https://example.com/","body":${"[".repeat(levels)}${"]".repeat(levels)}}}`

/** What is sent, the code it is answered with, and where the problem says the mistake is. */
const cases: ReadonlyArray<readonly [name: string, sent: Sent, code: keyof typeof problemCodes, path?: string]> = [
  ["a number where a string belongs", request({ url: 42 }), "invalid_request", "body.request.url"],
  ["a list where an object belongs", post("[]"), "invalid_request", "body"],
  ["null where an object belongs", post("null"), "invalid_request", "body"],
  ["an unknown field", submit({ colour: "red" }), "invalid_request", "body.colour"],
  ["an unknown field inside", request({ colour: "red" }), "invalid_request", "body.request.colour"],
  [
    "an unknown field named like a prototype",
    post(`{"request":{"method":"GET","url":"https://example.com/"},"__proto__":1}`),
    "invalid_request",
    "body.__proto__"
  ],
  ["a missing field", post("{}"), "invalid_request", "body.request"],
  ["an unknown method", request({ method: "TRACE" }), "invalid_request", "body.request.method"],
  ["a body on GET", request({ method: "GET" }), "invalid_request", "body.request.body"],
  [
    "too many headers",
    request({ headers: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`h${i}`, "v"])) }),
    "invalid_request",
    "body.request.headers"
  ],
  ["too many tags", submit({ tags: Array.from({ length: 17 }, (_, i) => `t${i}`) }), "invalid_request", "body.tags"],
  ["a tag of forbidden characters", submit({ tags: ["a b"] }), "invalid_request", "body.tags.0"],
  ["a retry policy out of range", submit({ retry: { maxAttempts: 0 } }), "invalid_request", "body.retry.maxAttempts"],
  ["a time-out out of range", submit({ timeoutMs: "soon" }), "invalid_request", "body.timeoutMs"],
  ["a due date that is no date", submit({ delay: undefined, dueAt: "tomorrow" }), "invalid_request", "body.dueAt"],
  [
    "a due date that is not in the calendar",
    submit({ delay: undefined, dueAt: "2027-02-30T09:00:00Z" }),
    "invalid_request",
    "body.dueAt"
  ],
  [
    "a due date without an offset",
    submit({ delay: undefined, dueAt: "2027-01-01T09:00:00" }),
    "invalid_request",
    "body.dueAt"
  ],
  ["a due date as a number", submit({ delay: undefined, dueAt: 1_800_000_000 }), "invalid_request", "body.dueAt"],
  [
    "a due date 300 years ahead",
    submit({ delay: undefined, dueAt: "2326-01-01T00:00:00Z" }),
    "due_at_out_of_range",
    "body.dueAt"
  ],
  ["a delay of 300 years", submit({ delay: "109500d" }), "due_at_out_of_range", "body.delay"],
  ["a delay that is no duration", submit({ delay: "soon" }), "invalid_request", "body.delay"],
  ["a delay of nothing", submit({ delay: "PT" }), "invalid_request", "body.delay"],
  ["a negative delay", submit({ delay: -1 }), "invalid_request", "body.delay"],
  ["both dueAt and delay", submit({ dueAt: "2027-01-01T09:00:00Z" }), "invalid_request", "body.delay"],
  [
    "a URL with credentials",
    request({ url: "https://user:secret@example.com/" }),
    "request_refused",
    "body.request.url"
  ],
  [
    "a URL to a private address",
    request({ url: "http://169.254.169.254/latest/meta-data" }),
    "request_refused",
    "body.request.url"
  ],
  ["a URL that is none", request({ url: "not a url" }), "request_refused", "body.request.url"],
  ["malformed JSON", post(`{"request":`), "malformed_json"],
  ["no body", post(""), "malformed_json"],
  ["JSON with a comment", post(`{} // yes`), "malformed_json"],
  ["invalid UTF-8", post(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), "malformed_json"],
  ["U+0000 in a string", request({ body: "a\u0000b" }), "invalid_request", "body"],
  ["U+0000 in a name", request({ body: { "a\u0000": 1 } }), "invalid_request", "body"],
  ["half a surrogate pair", post(JSON.stringify(later).replace("world", "\\ud800")), "invalid_request", "body"],
  ["JSON nested too deep", post(deep(60)), "invalid_request", "body"],
  ["JSON nested deep enough to exhaust a stack", post(deep(100_000)), "invalid_request", "body"],
  ["a list that is too long", request({ body: Array.from({ length: 1_001 }, () => 0) }), "invalid_request", "body"],
  [
    "a number no JSON can hold",
    post(JSON.stringify(later).replace('"world"', "1e999")),
    "invalid_request",
    "body.request.body"
  ],
  [
    "an integer that would change on its way",
    post(JSON.stringify(later).replace('"world"', "[1, 9007199254740993]")),
    "invalid_request",
    "body.request.body"
  ],
  [
    "a header that would set a prototype",
    post(`{"request":{"method":"GET","url":"https://example.com/","headers":{"__proto__":"c"}}}`),
    "invalid_request",
    "body.request.headers.__proto__"
  ],
  ["another content type", { ...post("<a/>"), headers: { "content-type": "text/xml" } }, "unsupported_media_type"],
  [
    "a form",
    { ...post("a=1"), headers: { "content-type": "application/x-www-form-urlencoded" } },
    "unsupported_media_type"
  ],
  [
    "another charset",
    { ...post("{}"), headers: { "content-type": "application/json; charset=latin1" } },
    "unsupported_media_type"
  ],
  ["an oversized body with its length", post("x".repeat(256 * 1024 + 1)), "body_too_large"],
  ["an oversized body without its length", { ...post(`"${"x".repeat(300 * 1024)}"`), chunked: true }, "body_too_large"],
  [
    "an oversized body to an operation without one",
    { method: "POST", path: `${missing}/cancel`, body: "x".repeat(300 * 1024) },
    "body_too_large"
  ],
  ["a body to cancel", { method: "POST", path: `${missing}/cancel`, body: "{{{" }, "invalid_request", "body"],
  [
    "a body to run",
    { method: "POST", path: `${missing}/run`, headers: { "content-type": "text/plain" }, body: "now" },
    "invalid_request",
    "body"
  ],
  [
    "a body without its length to cancel",
    { method: "POST", path: `${missing}/cancel`, body: '{"a":1}', chunked: true },
    "invalid_request",
    "body"
  ],
  [
    "an empty object to cancel nobody's id",
    { method: "POST", path: `${missing}/cancel`, body: "{}" },
    "call_not_found"
  ],
  ["an oversized body to reschedule", { ...patch({}), body: "x".repeat(300 * 1024) }, "body_too_large"],
  ["an empty idempotency key", submit({}, { "idempotency-key": "" }), "invalid_request", "header.idempotency-key"],
  [
    "an idempotency key with a space",
    submit({}, { "idempotency-key": "a b" }),
    "invalid_request",
    "header.idempotency-key"
  ],
  [
    "an idempotency key that is too long",
    submit({}, { "idempotency-key": "k".repeat(256) }),
    "invalid_request",
    "header.idempotency-key"
  ],
  ["a preference that is too long", submit({}, { prefer: "x".repeat(1_001) }), "invalid_request", "header.prefer"],
  ["an id that is none", get(`${calls}/42`), "invalid_request", "path.id"],
  ["an id in upper case of nobody's", get(`${calls}/AAAAAAAA-0000-4000-8000-000000000000`), "call_not_found"],
  ["an id of nobody's", get(missing), "call_not_found"],
  ["the events of nobody's id", get(`${missing}/events`), "call_not_found"],
  ["cancelling nobody's id", { method: "POST", path: `${missing}/cancel` }, "call_not_found"],
  ["running nobody's id", { method: "POST", path: `${missing}/run` }, "call_not_found"],
  ["moving nobody's id", patch({ delay: "1h" }, { "if-match": '"1"' }), "call_not_found"],
  ["moving without If-Match", patch({ delay: "1h" }), "if_match_required"],
  ["moving to no time", patch({}, { "if-match": '"1"' }), "invalid_request", "body"],
  ["moving 300 years ahead", patch({ dueAt: "2326-01-01T00:00:00Z" }, { "if-match": '"1"' }), "due_at_out_of_range"],
  ["an If-Match that is no tag", patch({ delay: "1h" }, { "if-match": "1" }), "malformed_etag"],
  ["a state that does not exist", get(`${calls}?status=Sleeping`), "invalid_request", "query.status"],
  ["an unknown parameter", get(`${calls}?staus=Failed`), "invalid_request", "query.staus"],
  ["a parameter to submit", { ...submit({}), path: `${calls}?x=1` }, "invalid_request", "query.x"],
  ["a parameter to the detail", get(`${missing}?x=1`), "invalid_request", "query.x"],
  ["a parameter to cancel", { method: "POST", path: `${missing}/cancel?force=1` }, "invalid_request", "query.force"],
  ["a parameter to run", { method: "POST", path: `${missing}/run?force=` }, "invalid_request", "query.force"],
  [
    "a parameter to reschedule",
    { ...patch({ delay: "1h" }, { "if-match": '"1"' }), path: `${missing}?y=1` },
    "invalid_request",
    "query.y"
  ],
  ["a limit of none", get(`${calls}?limit=0`), "invalid_request", "query.limit"],
  ["a limit that is too high", get(`${calls}?limit=201`), "invalid_request", "query.limit"],
  ["a limit that is given twice", get(`${calls}?limit=1&limit=2`), "invalid_request", "query.limit"],
  ["a limit that is no number", get(`${calls}?limit=ten`), "invalid_request", "query.limit"],
  ["two limits", get(`${calls}?limit=1&limit=2`), "invalid_request", "query.limit"],
  ["a date that is none in a filter", get(`${calls}?dueFrom=yesterday`), "invalid_request", "query.dueFrom"],
  ["U+0000 in a search", get(`${calls}?q=%00`), "invalid_request", "query.q"],
  ["a search that is too long", get(`${calls}?q=${"a".repeat(201)}`), "invalid_request", "query.q"],
  ["a cursor of nobody's", get(`${calls}?cursor=${"A".repeat(54)}`), "invalid_cursor"],
  ["a cursor that is none", get(`${calls}?cursor=%25`), "invalid_cursor"],
  ["a version that is none", get(`${missing}/events?after=-1`), "invalid_request", "query.after"],
  ["an id that is very long", get(`${calls}/${"a".repeat(101)}`), "not_found"],
  ["moving an id that is very long", { ...patch({}), path: `${calls}/${"a".repeat(101)}` }, "not_found"],
  ["an unknown address", get("/v1/nothing"), "not_found"],
  ["an address below a call", get(`${missing}/nothing`), "not_found"],
  ["broken percent-encoding", get(`${calls}/%zz`), "malformed_request"],
  ["percent-encoding of no character", get(`${calls}/%ff`), "malformed_request"],
  ["a wrong method", { method: "DELETE", path: missing }, "method_not_allowed"],
  ["a method no one knows", { method: "PROPFIND", path: calls }, "method_not_allowed"]
]

const isProblem = (reply: Reply, code: keyof typeof problemCodes) => {
  assert.strictEqual(reply.json["code"], code, reply.body)
  assert.strictEqual(reply.status, problemCodes[code].status)
  assert.strictEqual(reply.json["status"], reply.status)
  assert.strictEqual(reply.json["title"], problemCodes[code].title)
  assert.strictEqual(reply.json["type"], `urn:dueline:problem:${code}`)
  assert.strictEqual(reply.headers["content-type"], "application/problem+json")
  assert.match(reply.headers["x-correlation-id"] ?? "", /^[0-9a-z]{1,13}$/u)
  assert.strictEqual(reply.json["correlationId"], reply.headers["x-correlation-id"])
  assert.isDefined(reply.headers["x-api-version"])
  assert.isAbove(String(reply.json["detail"]).length, 10)
}

/** How it is checked, in place of what to do. */
const frameworkWords = /RegExp|finite number|Schema validation|code points|pair$/u

layer(edge, { excludeTestServices: true })("bad input", (it) => {
  for (const [name, sent, code, path] of cases) {
    it.effect(
      `${name} is answered with ${code}, and nothing is stored`,
      () =>
        Effect.gen(function* () {
          const { send, store } = yield* Edge
          const reply = yield* send({ ...sent, headers: { "x-correlation-id": "c0rre1ation", ...sent.headers } })
          isProblem(reply, code)
          assert.strictEqual(reply.json["correlationId"], "c0rre1ation")
          if (path !== undefined) {
            const errors = reply.json["errors"] as ReadonlyArray<{ readonly path: string; readonly message: string }>
            assert.include(
              errors.map((error) => error.path),
              path,
              reply.body
            )
            for (const { message } of errors) assert.notMatch(message, frameworkWords)
          }
          assert.deepStrictEqual(store.dump().events, [])
          assert.deepStrictEqual(store.dump().receipts, [])
        }),
      { tags: ["ADR-0007.1"] }
    )
  }

  it.effect(
    "every mistake is listed at once",
    () =>
      Effect.gen(function* () {
        const { submit } = yield* Edge
        const reply = yield* submit({ colour: 1, delay: "soon", tags: ["a b"], request: { method: "TRACE", url: 3 } })
        const errors = reply.json["errors"] as ReadonlyArray<{ readonly path: string }>
        assert.sameMembers(
          [...new Set(errors.map(({ path }) => path))],
          ["body.colour", "body.delay", "body.tags.0", "body.request.method", "body.request.url"]
        )
      }),
    { tags: ["ADR-0007.1"] }
  )

  it.effect(
    "a wrong method is told the right ones",
    () =>
      Effect.gen(function* () {
        const { send } = yield* Edge
        assert.strictEqual((yield* send({ method: "DELETE", path: calls })).headers["allow"], "GET, HEAD, POST")
        assert.strictEqual((yield* send({ method: "PUT", path: missing })).headers["allow"], "GET, HEAD, PATCH")
        assert.strictEqual((yield* send({ method: "POST", path: "/health/live" })).headers["allow"], "GET, HEAD")
        assert.strictEqual((yield* send({ method: "POST", path: "/openapi.json" })).headers["allow"], "GET, HEAD")
      }),
    { tags: ["ADR-0007.1"] }
  )

  it.effect("a malformed correlation id is replaced", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      const reply = yield* send(get("/v1/nothing", { "x-correlation-id": "Not One!" }))
      isProblem(reply, "not_found")
      assert.notStrictEqual(reply.json["correlationId"], "Not One!")
    })
  )

  it.effect("a parameter that is given twice is told so", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      const { json } = yield* send(get(`${calls}?limit=1&limit=2`))
      assert.deepStrictEqual(json["errors"], [
        { path: "query.limit", message: "is given more than once: give it once" }
      ])
    })
  )

  it.effect("a malformed time is told once how to write one, a + in a query included", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      const times = [
        get(`${calls}?dueFrom=2027-01-01T09:00:00+01:00`),
        get(`${calls}?dueFrom=2027-02-30T09:00:00Z`),
        submit({ delay: undefined, dueAt: "tomorrow" })
      ]
      for (const sent of times) {
        const { body, json } = yield* send(sent)
        const errors = json["errors"] as ReadonlyArray<{ readonly message: string }>
        assert.strictEqual(errors.length, 1, body)
        assert.include(errors[0]?.message, "ISO 8601 with an offset, e.g. 2026-01-01T00:00:00Z")
        assert.include(errors[0]?.message, "write + as %2B")
      }
    })
  )

  it.effect("an unknown field is named, up to 200 characters", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      for (const sent of [submit({ ["x".repeat(5_000)]: 1 }), get(`${missing}?${"x".repeat(5_000)}`)]) {
        const { json } = yield* send(sent)
        const [error] = json["errors"] as ReadonlyArray<{ readonly path: string; readonly message: string }>
        assert.strictEqual(error?.path.length, 200)
        assert.strictEqual(error?.message, "there is no such field")
      }
    })
  )

  it.effect("an integer that travels unharmed is taken", () =>
    Effect.gen(function* () {
      const { submit } = yield* Edge
      const body = [Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 0.1, "9007199254740993"]
      const reply = yield* submit({ ...later, request: { ...later.request, body } })
      assert.strictEqual(reply.status, 202, reply.body)
    })
  )

  it.effect("a wish to speak another protocol is passed over", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      const upgrade = { connection: "upgrade", upgrade: "h2c" }
      isProblem(yield* send(get("/v1/nothing", upgrade)), "not_found")
      isProblem(yield* send({ ...post("{", upgrade), chunked: true }), "malformed_json")
    })
  )

  it.effect("an old client may leave Host out", () =>
    Effect.gen(function* () {
      const { port } = yield* Edge
      assert.match(yield* sendRaw(port, "GET /health/live HTTP/1.0\r\n\r\n"), /^HTTP\/1\.1 204 /u)
    })
  )

  const broken: ReadonlyArray<readonly [name: string, bytes: string, status: number, code: keyof typeof problemCodes]> =
    [
      [
        "headers that are too large",
        `GET /health/live HTTP/1.1\r\nHost: x\r\nX-Big: ${"a".repeat(20_000)}\r\n\r\n`,
        431,
        "header_too_large"
      ],
      ["two hosts", "GET /health/live HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n", 400, "malformed_request"],
      [
        "two hosts of a submission",
        "POST /v1/service-calls HTTP/1.1\r\nHost: x\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
        400,
        "malformed_request"
      ],
      ["a request without Host", "GET /health/live HTTP/1.1\r\n\r\n", 400, "malformed_request"],
      [
        "an expectation no one knows",
        "GET /health/live HTTP/1.1\r\nHost: x\r\nExpect: foo\r\n\r\n",
        417,
        "expectation_failed"
      ],
      ["CONNECT", "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n", 405, "method_not_allowed"],
      ["what is no HTTP", "hello\r\n\r\n", 400, "malformed_request"],
      [
        "two lengths",
        "POST /v1/service-calls HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        400,
        "malformed_request"
      ]
    ]
  for (const [name, bytes, status, code] of broken) {
    it.effect(
      `${name} is answered with a problem, and the connection is closed`,
      () =>
        Effect.gen(function* () {
          const { port } = yield* Edge
          const answer = yield* sendRaw(port, bytes)
          const [head = "", body = ""] = answer.split("\r\n\r\n")
          assert.include(head, `HTTP/1.1 ${status} `)
          assert.include(head.toLowerCase(), "content-type: application/problem+json")
          assert.include(head.toLowerCase(), "connection: close")
          const problem = JSON.parse(body) as Record<string, unknown>
          assert.strictEqual(problem["code"], code)
          assert.include(head.toLowerCase(), `x-correlation-id: ${String(problem["correlationId"])}`)
        }),
      { tags: ["ADR-0007.1"] }
    )
  }
})
