/** Random commands against the call and against a notebook that was written from the requirements: both say the same, always. */
import { assert, it } from "@effect/vitest"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { carryHandBackReason, HandBackReason } from "@dueline/contracts/serviceCall/Spec"
import { propertyRunsTimes } from "@dueline/port-contracts/propertyRuns"
import { Result } from "effect"
import fc from "fast-check"
import * as Model from "./CallModel.ts"
import { CallUnderTest, type Turn } from "./CallUnderTest.ts"
import * as Call from "./ServiceCallSample.ts"

const retry = { initialDelayMs: 500, maxDelayMs: 4_000, multiplier: 2, jitter: 0.5 }

class Subject {
  readonly call = new CallUnderTest()
  /** The asker's clock. */
  now: number = Call.t0
}

const said = ({ answer }: Turn): string =>
  Result.isSuccess(answer) ? answer.success.outcome._tag : answer.failure._tag

/** Everything that is true after every command. */
const agree = (book: Model.Notebook, { call }: Subject): void => {
  const { state } = call.memory
  if (state._tag === "NotSubmitted") return assert.strictEqual(book.status, "None")
  const cancelRequested = state._tag === "Running" && state.cancelRequested
  assert.deepStrictEqual(
    [
      state._tag,
      state.dueAt,
      state.notBefore,
      state.handBacks,
      state.revision,
      state.attempt,
      state.epoch,
      cancelRequested
    ],
    [
      book.status,
      book.dueAt,
      book.notBefore,
      book.handBacks,
      book.revision,
      book.attempt,
      book.epoch,
      book.cancelRequested
    ]
  )
  const messages = call.turns.flatMap(({ commit }) => commit?.outbox ?? [])
  assert.lengthOf(messages, book.endings)
  const requested = call.turns.flatMap(({ intents }) =>
    intents.flatMap((i) => (i._tag === "ExecutionRequested" ? [i.epoch] : []))
  )
  assert.deepStrictEqual(
    requested,
    requested.map((_, i) => i + 1)
  )
  const over = call.turns.flatMap(({ intents }) => intents.flatMap((i) => (i._tag === "AttemptEnded" ? [i.epoch] : [])))
  assert.deepStrictEqual(
    over,
    over.map((_, i) => i + 1)
  )
  assert.lengthOf(over, book.status === "Running" ? book.epoch - 1 : book.epoch)
  assert.lengthOf(requested, book.epoch)
  assert.deepStrictEqual(call.restored(), call.memory)
}

const step = (
  label: string,
  plan: (book: Readonly<Model.Notebook>, now: number) => ServiceCallCommand,
  expect: (book: Model.Notebook, command: ServiceCallCommand, turn: () => Turn) => Model.Expected
): fc.Command<Model.Notebook, Subject> => ({
  check: () => true,
  run: (book, subject) => {
    const command = plan(book, subject.now)
    const turn = subject.call.ask(command)
    const expected = expect(book, command, () => turn)
    assert.deepStrictEqual({ says: said(turn), stores: turn.commit !== null }, expected)
    subject.now = Math.max(subject.now, command.at)
    agree(book, subject)
  },
  toString: () => label
})

const dueOf = ({ call }: { readonly call: Turn["after"] }): number =>
  call.state._tag === "NotSubmitted" ? 0 : (call.state.notBefore ?? call.state.dueAt)

/** The delay the call chose must lie where the policy says; nothing else about it is known beforehand. */
const retryAt = (book: Model.Notebook, command: ServiceCallCommand, turn: () => Turn) => () => {
  const chosen = dueOf({ call: turn().after })
  if (command._tag !== "RecordFailure") throw new Error("only a failure is retried")
  if (command.reason === "worker_lost") return Math.max(command.at, Model.wakeOf(book))
  const plain = Math.min(retry.maxDelayMs, retry.initialDelayMs * retry.multiplier ** (book.attempt - 1))
  const asked = command.retryAfterMs ?? 0
  const least = Math.max(plain * (1 - retry.jitter), asked) - 1
  const most = Math.max(plain * (1 + retry.jitter), asked + plain * retry.jitter) + 1
  assert.isTrue(
    chosen >= command.at + least && chosen <= command.at + most,
    `${chosen - command.at} for attempt ${book.attempt}`
  )
  return chosen
}

const off = fc.constantFrom(0, 0, 0, 0, -1, -2, 1)
const wait = fc.nat(3_000)

const submit = fc.record({ same: fc.boolean(), maxAttempts: fc.integer({ min: 1, max: 3 }), wait }).map((a) =>
  step(
    `submit ${JSON.stringify(a)}`,
    (_, now) =>
      Call.submit({
        at: Call.ms(now),
        dueAt: Call.ms(now + a.wait),
        fingerprint: a.same ? "f1" : "f2",
        spec: Call.spec({ ...retry, maxAttempts: a.maxAttempts })
      }),
    (book, command) => {
      const dueAt = command._tag === "SubmitServiceCall" ? command.dueAt : 0
      // Whatever comes first is the call; sameness is asked of the later ones.
      first.set(book, first.get(book) ?? a.same)
      return Model.submit(book, first.get(book) === a.same, dueAt, a.maxAttempts)
    }
  )
)
const first = new WeakMap<Model.Notebook, boolean>()

const cancel = fc.constant(
  step(
    "cancel",
    (_, now) => Call.cancel({ at: Call.ms(now) }),
    (book) => Model.cancel(book)
  )
)

const reschedule = fc.oneof(fc.constant(null), wait).map((by) =>
  step(
    `reschedule ${by}`,
    (book, now) => Call.reschedule({ at: Call.ms(now), dueAt: Call.ms(by === null ? book.dueAt : now + by) }),
    (book, command) => Model.reschedule(book, command._tag === "RescheduleServiceCall" ? command.dueAt : 0)
  )
)

const rerun = fc.constant(
  step(
    "rerun",
    (_, now) => Call.rerun({ at: Call.ms(now) }),
    (book, { at }) => Model.rerun(book, at)
  )
)

const due = fc.record({ off, early: fc.constantFrom(false, false, false, true), wait }).map((a) =>
  step(
    `due ${JSON.stringify(a)}`,
    (book, now) =>
      Call.due({
        at: Call.ms(a.early ? Model.wakeOf(book) - 51 : Math.max(now, Model.wakeOf(book) - 50) + a.wait),
        revision: book.revision + a.off
      }),
    (book, command) => Model.due(book, command._tag === "DueTimeReached" ? command.revision : 0, command.at)
  )
)

const success = off.map((by) =>
  step(
    `success ${by}`,
    (book, now) => Call.success({ at: Call.ms(now), epoch: book.epoch + by }),
    (book, command) =>
      Model.result(book, command._tag === "RecordSuccess" ? command.epoch : 0, "succeeded", false, () => 0)
  )
)

const dice = fc.record({
  off,
  lost: fc.constantFrom(false, false, true),
  retryable: fc.constantFrom(true, true, true, false),
  retryAfterMs: fc.option(fc.nat(5_000)),
  roll: fc.nat(99)
})
const failure = dice.map(({ lost, off, retryAfterMs, retryable, roll }) =>
  step(
    `failure ${JSON.stringify({ lost, off, retryAfterMs, retryable, roll })}`,
    (book, now) => {
      const epoch = book.epoch + off
      const at = Call.ms(now)
      return lost ? { ...Call.lost(epoch), at } : Call.failure({ at, epoch, retryable, retryAfterMs, roll: roll / 100 })
    },
    (book, command, turn) => {
      const epoch = command._tag === "RecordFailure" ? command.epoch : 0
      return Model.result(book, epoch, lost ? "lost" : "failed", lost || retryable, retryAt(book, command, turn))
    }
  )
)

const why = fc.constantFrom<HandBackReason>("circuit_open", "draining", ...HandBackReason.literals)
/** Now and then a day has passed, which is how long nobody need answer for a name. */
const passed = fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 86_400_000)

const handBack = fc.record({ off, passed, why, wait: fc.integer({ min: -500, max: 4_000 }) }).map((a) =>
  step(
    `hand back ${JSON.stringify(a)}`,
    (book, now) =>
      Call.handBack({
        at: Call.ms(now + a.passed),
        epoch: book.epoch + a.off,
        ...carryHandBackReason(a.why),
        retryAt: Call.ms(now + a.passed + a.wait)
      }),
    (book, command) => {
      const [at, epoch] = command._tag === "HandBackExecution" ? [command.at, command.epoch] : [0, 0]
      return Model.handBack(book, epoch, a.why, at, at + a.wait)
    }
  )
)

const stories = fc.commands(
  [
    submit,
    due,
    due,
    due,
    due,
    due,
    handBack,
    handBack,
    failure,
    failure,
    failure,
    success,
    rerun,
    rerun,
    reschedule,
    cancel
  ],
  {
    maxCommands: 60,
    size: "max"
  }
)

it("a call and its notebook agree after every command", { tags: ["ADR-0012.1", "ADR-0012.3"] }, () => {
  const { runs, seed } = propertyRunsTimes(2)
  fc.assert(
    fc.property(stories, (story) => fc.modelRun(() => ({ model: Model.emptyNotebook(), real: new Subject() }), story)),
    { numRuns: runs, ...(seed === undefined ? {} : { seed: seed | 0 }) }
  )
})
