/** Subjects: any text is one token, and no two texts share one. */
import { StreamId, type TenantId } from "@dueline/contracts/Ids"
import { eventFilters, eventSubject, scheduleSubject, token } from "@dueline/nats/Subjects"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import * as Sample from "@dueline/port-contracts/Sample"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

/** Short texts of the characters that could be confused, and any text. */
const Text = Schema.Union([
  Schema.Array(Schema.Literals([".", "_", "-", "a", "A", "0", "*", ">", " ", "ž", "Lg"])),
  Schema.String
])
const textOf = (parts: typeof Text.Type): string => (typeof parts === "string" ? parts : parts.join("")).toWellFormed()

/** As a server matches: `*` is one token, the last `>` all that follow. */
const matches = (filter: string, subject: string): boolean => {
  const [wanted, found] = [filter.split("."), subject.split(".")]
  return wanted.length === found.length && wanted.every((part, at) => part === "*" || part === found[at])
}

describe("subjects", () => {
  it.prop(
    "a token has only what a subject may have, and stands for one text alone",
    [Text, Text],
    ([a, b]) => {
      const [one, other] = [textOf(a), textOf(b)]
      assert.match(token(one), /^[A-Za-z0-9_-]+$/u)
      assert.strictEqual(token(one) === token(other), one === other)
    },
    { arbitrary: propertyRuns }
  )

  it("topics and ids stay readable", () => {
    assert.strictEqual(token("ops.service-call.succeeded"), "ops_service-call_succeeded")
    const id = Sample.uuid()
    assert.strictEqual(token(id), id)
  })

  it("alarms that differ in tenant, call or revision never share a schedule", () => {
    const one = { ...Sample.target(), revision: 1, dueAt: 0, target: "" }
    const tenants = Array.from({ length: 100 }, () => ({ ...one, tenantId: Sample.tenantId() }))
    const calls = Array.from({ length: 100 }, () => ({ ...one, callId: Sample.callId() }))
    const revisions = Array.from({ length: 100 }, (_, n) => ({ ...one, revision: n + 1 }))
    const subjects = [...tenants, ...calls, ...revisions].map((alarm) => scheduleSubject("dl", alarm))
    assert.strictEqual(new Set(subjects).size, 300)
  })

  it("a filter lets through what was asked for and nothing else", () => {
    const [mine, theirs] = [Sample.tenantId(), Sample.tenantId()]
    const of = (tenantId: TenantId, topic: string) =>
      eventSubject("dl", {
        eventId: "1",
        tenantId,
        topic,
        streamId: StreamId.make(Sample.uuid()),
        payload: null
      })
    const heard = (topics: ReadonlyArray<string>, tenant: TenantId | undefined, subject: string) =>
      eventFilters("dl", topics, tenant).some((filter) => matches(filter, subject))
    assert.isTrue(heard([], undefined, of(mine, "a.b")))
    assert.isTrue(heard([], mine, of(mine, "a.b")))
    assert.isFalse(heard([], mine, of(theirs, "a.b")))
    assert.isTrue(heard(["a.b", "c"], mine, of(mine, "c")))
    assert.isFalse(heard(["a.b", "c"], mine, of(mine, "a")))
    assert.isFalse(heard(["a.b"], undefined, of(mine, "a-b")))
  })
})
