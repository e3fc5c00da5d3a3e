/** Laws of the service call beside those of every aggregate: true of every story, whatever is asked of it and in whatever order. */
import { assert, describe, it } from "@effect/vitest"
import { leadMs, leaseMs } from "@dueline/contracts/serviceCall/Spec"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { Result } from "effect"
import { wakeAtOf } from "../src/aggregates/service-call/State.ts"
import { play, Story } from "./CallSteps.ts"
import type { CallUnderTest, Turn } from "./CallUnderTest.ts"
import * as Call from "./ServiceCallSample.ts"

/** With the usual size a story has two steps; with this one it has sixteen. */
const runs = { arbitrary: { ...propertyRuns, size: 100 } }
const ends: ReadonlyArray<string> = ["Succeeded", "Failed", "Cancelled"]

/** From where to where one command may lead, staying aside. */
const legal = new Set([
  "NotSubmitted>Scheduled",
  "Scheduled>Running",
  "Scheduled>Cancelled",
  "Running>Scheduled",
  "Running>Succeeded",
  "Running>Failed",
  "Running>Cancelled",
  "Failed>Scheduled"
])

const law = (name: string, judge: (turn: Turn, on: CallUnderTest) => void, tags: ReadonlyArray<string> = []) =>
  it.prop(
    name,
    { story: Story },
    ({ story }) => {
      const on = play(story)
      for (const turn of on.turns) judge(turn, on)
    },
    { ...runs, tags: [...tags] }
  )

/** What ends an attempt. */
const answers = { ExecutionSucceeded: true, ExecutionFailed: true, ExecutionHandedBack: true }

const statusOf = ({ state }: Turn["before"]): string => state._tag
const epochOf = ({ state }: Turn["before"]): number => (state._tag === "NotSubmitted" ? 0 : state.epoch)
const typesOf = ({ commit }: Turn): ReadonlyArray<string> => (commit?.events ?? []).map(({ type }) => type)

describe("service call", () => {
  law("goes only where the rules let it go", (turn) => {
    const [from, to] = [statusOf(turn.before), statusOf(turn.after)]
    assert.isTrue(from === to || legal.has(`${from}>${to}`), `${from} > ${to}`)
  })

  law("says in its row for good what its first event said", ({ commit }, on) => {
    const [first, row] = [on.turns.find((turn) => turn.commit?.row)?.commit?.row, commit?.row]
    if (row?._tag !== "ServiceCallRow" || first?._tag !== "ServiceCallRow") return
    const { correlationId, createdAt, request, retry, tags, timeoutMs } = row
    assert.deepStrictEqual(
      { correlationId, createdAt, request, retry, tags, timeoutMs },
      {
        correlationId: first.correlationId,
        createdAt: first.createdAt,
        request: first.request,
        retry: first.retry,
        tags: first.tags,
        timeoutMs: first.timeoutMs
      }
    )
  })

  law("leaves its end only after a failure: by a re-run, or because an attempt proves to have been none", (turn) => {
    if (!ends.includes(statusOf(turn.before)) || statusOf(turn.before) === statusOf(turn.after)) return
    assert.strictEqual(statusOf(turn.before), "Failed")
    assert.include(["RerunServiceCall", "HandBackExecution"], turn.command._tag)
    if (turn.command._tag === "RerunServiceCall") return
    const { state } = turn.before
    assert.isTrue(state._tag === "Failed" && state.reason === "attempts_exhausted")
  })

  it.prop(
    "counts as attempts exactly those of which nobody has said that nothing left, and gives up for having had too many only then",
    { story: Story },
    ({ story }) => {
      let unsent = new Set<number>()
      let made = new Set<number>()
      for (const { after, before, commit } of play(story).turns) {
        for (const { payload, type } of commit?.events ?? []) {
          const { epoch = 0 } = payload as { readonly epoch?: number }
          if (type === "ServiceCallRerun") [unsent, made] = [new Set(), new Set()]
          if (type === "ExecutionStarted") made.add(epoch)
          if (type === "ExecutionHandedBack") unsent.add(epoch)
        }
        const { state } = after
        if (state._tag === "NotSubmitted") continue
        const counted = [...made].filter((epoch) => !unsent.has(epoch)).length
        assert.strictEqual(state.attempt, counted)
        const gaveUp = state._tag === "Failed" && state.reason === "attempts_exhausted"
        if (gaveUp && before.state !== state) assert.strictEqual(counted, state.spec.retry.maxAttempts)
      }
    },
    { ...runs, tags: ["ADR-0012.8"] }
  )

  law("grows its epoch by one at every start and never otherwise", (turn) => {
    const starts = typesOf(turn).filter((type) => type === "ExecutionStarted").length
    assert.strictEqual(epochOf(turn.after), epochOf(turn.before) + starts)
  })

  it.prop(
    "accepts at most one result for an epoch, and starts no epoch twice",
    { story: Story },
    ({ story }) => {
      const { stored } = play(story)
      const epochs = (...types: ReadonlyArray<string>) =>
        stored.filter(({ type }) => types.includes(type)).map(({ payload }) => (payload as { epoch: number }).epoch)
      for (const of of [epochs("ExecutionStarted"), epochs("ExecutionSucceeded", "ExecutionFailed")]) {
        assert.deepStrictEqual(of, [...new Set(of)])
      }
      assert.deepStrictEqual(
        epochs("ExecutionStarted"),
        epochs("ExecutionStarted").map((_, i) => i + 1)
      )
    },
    runs
  )

  law(
    "ignores a firing that is early, stale or repeated, and starts at no other",
    (turn) => {
      if (turn.command._tag !== "DueTimeReached" || Result.isFailure(turn.answer)) return
      const { state } = turn.before
      const valid =
        state._tag === "Scheduled" &&
        turn.command.revision === state.revision &&
        turn.command.at >= wakeAtOf(state) - leadMs
      assert.strictEqual(turn.answer.success.outcome._tag, valid ? "Started" : "Ignored")
      assert.deepStrictEqual(typesOf(turn), valid ? ["ExecutionStarted"] : [])
    },
    ["ADR-0012.1", "ADR-0012.2"]
  )

  law(
    "keeps a superseded result as a note and nothing else",
    (turn) => {
      if (!typesOf(turn).includes("ExecutionSuperseded")) return
      const { row, rowBefore } = turn
      assert.deepStrictEqual(typesOf(turn), ["ExecutionSuperseded"])
      assert.deepStrictEqual([turn.intents, turn.commit?.outbox, turn.commit?.sealed], [[], [], { _tag: "keep" }])
      // Only the stamp of the change differs, and a live worker is believed no shorter than before.
      const stamp = { version: 0, updatedAt: 0, leaseUntil: 0 }
      assert.deepStrictEqual({ ...row, ...stamp }, { ...rowBefore, ...stamp })
    },
    ["ADR-0012.3"]
  )

  law("is in its row as it is in memory", ({ after, row, rowBefore, ...turn }) => {
    const { state } = after
    if (state._tag === "NotSubmitted" || row === null) throw new Error("every story begins with a submission")
    const running = state._tag === "Running"
    assert.deepStrictEqual(
      [row.status, row.version, row.dueAt, row.notBefore, row.waitReason, row.revision, row.attempt, row.epoch],
      [
        ...[state._tag, after.version, state.dueAt, state.notBefore, state.waitReason],
        ...[state.revision, state.attempt, state.epoch]
      ]
    )
    assert.strictEqual(row.wakeAt, ends.includes(row.status) ? null : wakeAtOf(state))
    assert.strictEqual(row.endedAt === null, !ends.includes(row.status))
    assert.strictEqual(row.worker, running ? state.worker : null)
    assert.strictEqual(row.leaseUntil === null, !running)
    assert.strictEqual(row.cancelRequested, running && state.cancelRequested)
    if (typesOf(turn as Turn).includes("ExecutionStarted")) assert.strictEqual(row.wakeAt, rowBefore?.wakeAt)
  })

  law(
    "believes a running worker for a whole lease after everything that is recorded",
    ({ command, commit, row }) => {
      if (commit !== null && row?.status === "Running") assert.strictEqual(row.leaseUntil, command.at + leaseMs)
    },
    ["ADR-0012.4"]
  )

  law(
    "keeps its sealed request until it succeeds or is cancelled, and not an instant longer",
    ({ after, before, commit }) => {
      if (commit === null) return
      const closed = ["Succeeded", "Cancelled"]
      const closes = !closed.includes(statusOf(before)) && closed.includes(statusOf(after))
      const opens = statusOf(before) === "NotSubmitted"
      assert.deepStrictEqual(
        commit.sealed,
        opens ? { _tag: "set", value: "sealed" } : { _tag: closes ? "erase" : "keep" }
      )
    }
  )

  law("asks for each attempt once, with its seal, and for an alarm at each scheduling", (turn) => {
    const { state } = turn.after
    if (state._tag === "NotSubmitted") return
    const { callId, tenantId } = Call
    const started = typesOf(turn).includes("ExecutionStarted")
    const scheduled =
      statusOf(turn.after) === "Scheduled" && typesOf(turn).some((type) => type !== "ExecutionSuperseded")
    const { target } = Call
    const { tags } = Call.spec()
    const wanted = scheduled
      ? [{ _tag: "AlarmWanted", tenantId, callId, revision: state.revision, dueAt: wakeAtOf(state), target, tags }]
      : []
    const intents = turn.intents.filter(({ _tag }) => _tag !== "AttemptEnded")
    if (!started) return assert.deepStrictEqual<unknown>(intents, wanted)
    const [intent, ...more] = intents
    assert.lengthOf(more, 0)
    if (intent?._tag !== "ExecutionRequested") throw new Error("a start without a request to execute")
    assert.deepStrictEqual(
      [intent.epoch, intent.attempt, intent.sealed, intent.worker],
      [state.epoch, state.attempt, "sealed", Call.worker]
    )
  })

  law("says once of every attempt that it is over, and whether its target answered", (turn) => {
    const { callId, target, tenantId } = Call
    const over = turn.intents.filter(({ _tag }) => _tag === "AttemptEnded")
    const [first] = turn.commit?.events ?? []
    const late = ((first?.payload ?? {}) as { readonly afterLoss?: boolean }).afterLoss === true
    if (late || statusOf(turn.before) !== "Running" || typesOf(turn).every((type) => !(type in answers))) {
      return assert.deepStrictEqual(over, [])
    }
    const { command } = turn
    const [event] = turn.commit?.events ?? []
    const { retryAt = null } = (event?.payload ?? {}) as { readonly retryAt?: number }
    const pausedUntil = command._tag === "HandBackExecution" && command.reason === "circuit_open" ? retryAt : null
    const answered = "status" in command && command.status !== null
    assert.deepStrictEqual<unknown>(over, [
      { _tag: "AttemptEnded", tenantId, callId, epoch: epochOf(turn.before), target, answered, pausedUntil }
    ])
  })

  law("uses up no attempt by what is handed back, and is due no sooner than it was asked back", (turn) => {
    if (!typesOf(turn).includes("ExecutionHandedBack")) return
    const [before, after, { command }] = [turn.before.state, turn.after.state, turn]
    if (before._tag === "NotSubmitted" || after._tag === "NotSubmitted") throw new Error("only a call is handed back")
    if (command._tag !== "HandBackExecution") throw new Error("only a worker hands back")
    assert.deepStrictEqual([after.attempt, after.dueAt], [before.attempt - 1, before.dueAt])
    if (before._tag !== "Running" || before.epoch !== command.epoch) return
    assert.strictEqual(after.revision, before.revision + 1)
    assert.isAtLeast(wakeAtOf(after), Math.max(command.at, wakeAtOf(before)))
    assert.strictEqual(after._tag, before.cancelRequested ? "Cancelled" : "Scheduled")
  })

  law("tells the world once of every end and of nothing else", ({ after, before, commit }) => {
    const ended = ends.includes(statusOf(after)) && statusOf(after) !== statusOf(before)
    const topics = (commit?.outbox ?? []).map(({ topic }) => topic)
    assert.deepStrictEqual(topics, ended ? [`ops.service-call.${statusOf(after).toLowerCase()}`] : [])
    const eventIds = commit?.events.map(({ eventId }) => eventId) ?? []
    for (const message of commit?.outbox ?? []) assert.include(eventIds, message.eventId)
  })
})
