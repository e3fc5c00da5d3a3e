/** What every Orchestrator does, whether it decides by itself or carries commands to who does. */
import type { Envelope } from "@dueline/contracts/Envelope"
import { CommandId, CorrelationId, EpochMillis, IdempotencyKey } from "@dueline/contracts/Ids"
import { type Answer, Orchestrator, type Refusal } from "@dueline/contracts/ports/Orchestrator"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { defaultRetryPolicy } from "@dueline/contracts/serviceCall/Spec"
import { assert, type Vitest } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Option } from "effect"
import { type Harness, judge } from "./Harness.ts"
import * as Sample from "./Sample.ts"

export interface OrchestratorHarness<R> extends Harness<Orchestrator | R> {
  /** Lets whatever is under way come to an end where the clock stands still. */
  readonly settle?: Effect.Effect<unknown>
}

type Call = Envelope<ServiceCallCommand>
type Exited = Exit.Exit<Answer, Refusal>

const at = EpochMillis.make(Sample.now)

const envelope = (command: ServiceCallCommand, of: Sample.Target, key: string | null): Call => ({
  tenantId: of.tenantId,
  commandId: CommandId.make(`${command._tag}:${of.callId}`),
  correlationId: CorrelationId.make("0abc"),
  actor: { kind: "user", id: "someone" },
  traceparent: null,
  idempotency: key === null ? null : { key: IdempotencyKey.make(key), fingerprint: "fingerprint" },
  expectedVersion: null,
  command
})

const submit = (of: Sample.Target, key: string | null = `key-${of.callId}`): Call => {
  const request = {
    method: "POST",
    url: `https://${Sample.host}/`,
    headers: {},
    bodyBytes: 0,
    bodySnippet: null
  } as const
  const spec = { request, timeoutMs: 1_000, retry: defaultRetryPolicy, tags: [] }
  const origin = { correlationId: CorrelationId.make("0abc"), traceparent: null }
  const dueAt = EpochMillis.make(Sample.now + 60_000)
  return envelope(
    { _tag: "SubmitServiceCall", callId: of.callId, at, dueAt, spec, fingerprint: null, origin, sealed: null },
    of,
    key
  )
}

const rerun = (of: Sample.Target): Call => envelope({ _tag: "RerunServiceCall", callId: of.callId, at }, of, null)

/** The answer or the refusal, in a form in which those about two calls can be compared. */
const saidOf =
  ({ callId }: Sample.Target) =>
  (exit: Exited): string => {
    if (Exit.isSuccess(exit)) return JSON.stringify(exit.value).replaceAll(callId, "the call")
    const refusal = Option.getOrNull(Cause.findErrorOption(exit.cause))
    return refusal === null ? "defect" : JSON.stringify({ ...refusal }).replaceAll(callId, "the call")
  }

const sentences = <R>(it: Vitest.MethodsNonLive<Orchestrator | R>, settle: Effect.Effect<unknown>) => {
  /** All of them at once; what each heard, in order, however often. */
  const offerAll = Effect.fnUntraced(function* (envelopes: ReadonlyArray<Call>) {
    const { offer } = yield* Orchestrator
    const heard = envelopes.map((): Array<Exited> => [])
    const all = Effect.callback<void>((resume) => {
      let left = envelopes.length
      envelopes.forEach((one, i) => {
        offer(one, (exit) => {
          heard[i]?.push(exit)
          if (--left === 0) resume(Effect.void)
        })
      })
    })
    const waiting = yield* Effect.forkChild(all, { startImmediately: true })
    yield* settle
    yield* Fiber.join(waiting)
    return heard
  })
  const ask = Effect.fnUntraced(function* (one: Call) {
    const orchestrator = yield* Orchestrator
    const waiting = yield* Effect.forkChild(orchestrator.ask(one), { startImmediately: true })
    yield* settle
    return yield* Fiber.await(waiting)
  })

  it.effect("what is offered is answered as what is asked, and refused alike", () =>
    Effect.gen(function* () {
      const [offered, asked] = [Sample.target(), Sample.target()]
      for (const command of [submit, submit, rerun]) {
        const [heard] = yield* offerAll([command(offered)])
        assert.deepStrictEqual(heard?.map(saidOf(offered)), [saidOf(asked)(yield* ask(command(asked)))])
      }
    })
  )

  it.effect("whoever offers hears exactly once, twins and refused ones too", () =>
    Effect.gen(function* () {
      const calls = Array.from({ length: 40 }, () => Sample.target())
      const unknown = Array.from({ length: 5 }, () => rerun(Sample.target()))
      const heard = yield* offerAll([...calls, ...calls].map((call) => submit(call)).concat(unknown))
      yield* ask(submit(Sample.target()))
      assert.deepStrictEqual(
        heard.map(({ length }) => length),
        heard.map(() => 1)
      )
      const answers = heard.map(([exit]) => (exit !== undefined && Exit.isSuccess(exit) ? exit.value.replayed : null))
      assert.strictEqual(answers.filter((replayed) => replayed === false).length, calls.length)
      assert.strictEqual(answers.filter((replayed) => replayed === true).length, calls.length)
    })
  )

  it.effect("who stops listening stops nothing else", () =>
    Effect.gen(function* () {
      const orchestrator = yield* Orchestrator
      const left = submit(Sample.target())
      yield* Fiber.interrupt(yield* Effect.forkChild(orchestrator.ask(left), { startImmediately: true }))
      yield* ask(submit(Sample.target()))
      const exit = yield* ask(left)
      assert.isTrue(Exit.isSuccess(exit) && exit.value.replayed)
    })
  )

  it.effect("a command that no kind has is a defect of the asker, and never thrown", () =>
    Effect.gen(function* () {
      const target = Sample.target()
      const submission = submit(target)
      const unheard = { ...submission.command, _tag: "Unheard" } as unknown as ServiceCallCommand
      const [heard] = yield* offerAll([{ ...submission, command: unheard }])
      assert.deepStrictEqual(heard?.map(saidOf(target)), ["defect"])
    })
  )
}

export const suite = <R>(name: string, harness: OrchestratorHarness<R>): void =>
  judge("Orchestrator", name, harness, (it) => sentences(it, harness.settle ?? Effect.void))
