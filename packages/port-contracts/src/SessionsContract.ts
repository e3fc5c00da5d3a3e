/** What all Sessions do. */
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { type NewSession, type SessionSecret, Sessions } from "@dueline/contracts/ports/Sessions"
import { maxExchanges, refreshGraceMs, type Session, SessionId, shownMs } from "@dueline/contracts/session/Session"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { createHash } from "node:crypto"
import { type Harness, judge } from "./Harness.ts"
import * as Sample from "./Sample.ts"

const at = (millis: number) => (Sample.now + millis) as EpochMillis
const wholeMs = 1_000_000

const secretOf = <K extends SessionSecret["kind"]>(kind: K): SessionSecret & { readonly kind: K } => ({
  kind,
  digest: createHash("sha256").update(Sample.uuid()).digest("base64url")
})

const sampleOf = (tenantId: TenantId = Sample.tenantId(), more: Partial<NewSession> = {}): NewSession => ({
  tenantId,
  sessionId: SessionId.make(Sample.uuid()),
  subject: "Ünnî ✓",
  tenants: [tenantId, Sample.tenantId()],
  roles: ["viewer"],
  scopes: ["ops:calls.read"],
  way: "link",
  createdAt: at(0),
  expiresAt: at(wholeMs),
  idleMs: wholeMs / 2,
  ...more
})

/** One that a client holds by the secret. */
const held = Effect.fnUntraced(function* (more: Partial<NewSession> = {}) {
  const session = sampleOf(undefined, more)
  const secret = secretOf("client")
  yield* (yield* Sessions).make(session, secret, null)
  return { session, secret }
})

const whole = (session: NewSession, more: Partial<Session> = {}): Session => ({
  ...session,
  holder: null,
  usedAt: session.createdAt,
  endedAt: null,
  endedBy: null,
  ...more
})

export const suite = (name: string, harness: Harness<Sessions>): void =>
  judge("Sessions", name, harness, (it) => {
    it.effect("a code is exchanged once, before its time is over, for what holds the session from then on", () =>
      Effect.gen(function* () {
        const sessions = yield* Sessions
        const [session, other] = [sampleOf(), sampleOf()]
        const [code, cookie] = [secretOf("code"), secretOf("browser")]
        yield* sessions.make(session, code, at(100))
        yield* sessions.make(other, secretOf("code"), at(100))
        const ask = (next = cookie, given: SessionSecret = code, of = session, millis = 99) =>
          sessions.exchange({ ...of, given, next, at: at(millis) })
        assert.deepStrictEqual(yield* sessions.find(session, null), whole(session))
        assert.deepStrictEqual(yield* ask(cookie, code, session, 100), { _tag: "Refused" }, "too late")
        assert.deepStrictEqual(yield* ask(cookie, code, other), { _tag: "Refused" }, "of another")
        assert.deepStrictEqual(yield* ask(cookie, { ...code, kind: "client" }), { _tag: "Refused" }, "no token")
        const opened = whole(session, { holder: "browser", usedAt: at(99) })
        assert.deepStrictEqual(yield* ask(), { _tag: "Exchanged", session: opened })
        assert.deepStrictEqual(yield* ask(secretOf("browser")), { _tag: "Refused" }, "again")
        assert.deepStrictEqual(yield* sessions.find(session, cookie), opened)
        assert.isNull(yield* sessions.find(session, code))
        assert.isNull(yield* sessions.find(session, { ...cookie, kind: "client" }))
        assert.isNull(yield* sessions.find(other, cookie))
        assert.isNull(yield* sessions.find({ ...session, tenantId: other.tenantId }, cookie))
      })
    )

    it.effect(
      "eight who come at once with one refresh token all go on",
      () =>
        Effect.gen(function* () {
          const sessions = yield* Sessions
          const { secret, session } = yield* held()
          const nexts = Array.from({ length: 8 }, () => secretOf("client"))
          const answers = yield* Effect.forEach(
            nexts,
            (next) => sessions.exchange({ ...session, given: secret, next, at: at(5) }),
            { concurrency: "unbounded" }
          )
          assert.deepStrictEqual(
            answers.map(({ _tag }) => _tag),
            nexts.map(() => "Exchanged")
          )
          for (const next of nexts) assert.isNotNull(yield* sessions.find(session, next))
          assert.isNull(yield* sessions.find(session, secret))
        }),
      { tags: ["ADR-0041.2"] }
    )

    it.effect(
      "a refresh token that was replaced ends its session when it comes after the grace, and then no token of it goes",
      () =>
        Effect.gen(function* () {
          const sessions = yield* Sessions
          const { secret, session } = yield* held()
          const [second, third] = [secretOf("client"), secretOf("client")]
          const ask = (given: SessionSecret, next: typeof second, millis: number) =>
            sessions.exchange({ ...session, given, next, at: at(millis) })
          assert.strictEqual((yield* ask(secret, second, 1))._tag, "Exchanged")
          assert.strictEqual((yield* ask(secret, third, 1 + refreshGraceMs))._tag, "Exchanged")
          const reused = yield* ask(secret, secretOf("client"), 2 + refreshGraceMs)
          const ended = { endedAt: at(2 + refreshGraceMs), endedBy: "reused" } as const
          const usedAt = at(1 + refreshGraceMs)
          assert.deepStrictEqual(reused, {
            _tag: "Reused",
            session: whole(session, { holder: "client", usedAt, ...ended })
          })
          for (const given of [second, third, secret])
            assert.strictEqual((yield* ask(given, secretOf("client"), 3 + refreshGraceMs))._tag, "Refused")
          const found = yield* sessions.find(session, null)
          assert.deepInclude(found, ended)
        }),
      { tags: ["ADR-0041.2"] }
    )

    it.effect("within the grace a refresh token goes so many times, and no more", () =>
      Effect.gen(function* () {
        const sessions = yield* Sessions
        const { secret, session } = yield* held()
        const ask = Effect.suspend(() =>
          sessions.exchange({ ...session, given: secret, next: secretOf("client"), at: at(1) })
        )
        for (let turn = 0; turn < maxExchanges; turn++) assert.strictEqual((yield* ask)._tag, "Exchanged")
        assert.strictEqual((yield* ask)._tag, "Refused")
        assert.deepInclude(yield* sessions.find(session, null), { endedAt: null })
      })
    )

    it.effect("a session that is over, ended or lay unused is exchanged no more; a use prolongs the latter", () =>
      Effect.gen(function* () {
        const sessions = yield* Sessions
        const ask = ({ secret, session }: Effect.Success<ReturnType<typeof held>>, millis: number) =>
          Effect.map(
            sessions.exchange({ ...session, given: secret, next: secretOf("client"), at: at(millis) }),
            ({ _tag }) => _tag
          )
        const unused = yield* held()
        assert.strictEqual(yield* ask(unused, wholeMs / 2), "Refused")
        yield* sessions.used([
          { ...unused.session, at: at(7) },
          { ...unused.session, at: at(9) },
          { ...unused.session, at: at(8) },
          { ...sampleOf(), at: at(8) }
        ])
        assert.strictEqual(yield* ask(unused, wholeMs / 2 + 8), "Exchanged")
        const old = yield* held({ idleMs: 2 * wholeMs })
        assert.strictEqual(yield* ask(old, wholeMs), "Refused")
        assert.strictEqual(yield* ask(old, wholeMs - 1), "Exchanged")
        const ended = yield* held()
        const at5 = { endedAt: at(5), endedBy: "ended" } as const
        assert.deepInclude(yield* sessions.end(ended.session, "ended", at(5)), at5)
        assert.deepInclude(yield* sessions.end(ended.session, "signed-out", at(6)), at5)
        assert.strictEqual(yield* ask(ended, 7), "Refused")
        assert.isNull(yield* sessions.end(sampleOf(), "ended", at(5)))
      })
    )

    it.effect(
      "a tenant's sessions are listed by pages, newest first, of one person or all, and none of another's",
      () =>
        Effect.gen(function* () {
          const sessions = yield* Sessions
          const tenantId = Sample.tenantId()
          const made = [0, 1, 1, 3, 4].map((millis, index) =>
            sampleOf(tenantId, { createdAt: at(millis), subject: index % 2 === 0 ? "even" : "odd" })
          )
          for (const session of made) yield* sessions.make(session, secretOf("browser"), null)
          yield* sessions.make(sampleOf(tenantId), secretOf("code"), at(1))
          yield* sessions.make(sampleOf(), secretOf("browser"), null)
          const pages = Effect.fnUntraced(function* (subject: string | null, limit: number) {
            const seen: Array<Session> = []
            let after: Parameters<typeof sessions.list>[0]["after"] = null
            do {
              const page: Effect.Success<ReturnType<typeof sessions.list>> = yield* sessions.list({
                tenantId,
                subject,
                after,
                limit
              })
              seen.push(...page.sessions)
              after = page.next
            } while (after !== null)
            return seen
          })
          const all = yield* pages(null, 2)
          assert.sameDeepMembers(
            all,
            made.map((session) => whole(session, { holder: "browser" }))
          )
          assert.deepStrictEqual(
            all.map(({ createdAt }) => createdAt - Sample.now),
            [4, 3, 1, 1, 0]
          )
          assert.deepStrictEqual(
            (yield* pages("odd", 1)).map(({ subject }) => subject),
            ["odd", "odd"]
          )
        })
    )

    it.effect("those that were over for longer than they are shown are forgotten when the tenant's next is made", () =>
      Effect.gen(function* () {
        const sessions = yield* Sessions
        const tenantId = Sample.tenantId()
        const old = sampleOf(tenantId)
        yield* sessions.make(old, secretOf("browser"), null)
        const later = (millis: number) => ({ createdAt: at(millis), expiresAt: at(millis + wholeMs) })
        yield* sessions.make(sampleOf(tenantId, later(wholeMs / 2 + shownMs)), secretOf("browser"), null)
        assert.isNotNull(yield* sessions.find(old, null))
        yield* sessions.make(sampleOf(tenantId, later(wholeMs / 2 + shownMs + 1)), secretOf("browser"), null)
        assert.isNull(yield* sessions.find(old, null))
      })
    )
  })
