/** Random lives of an order, with its messages delivered late, twice, out of order, to several at once, and to some that die of it. */
import { assert, it } from "@effect/vitest"
import type { OrderCommand, OrderRow } from "@dueline/contracts/order/Order"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { type ServiceCallId, WorkerId } from "@dueline/contracts/Ids"
import { Clock, Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import type { Fate } from "./fated.ts"
import { callIdOf, furnished, type Pass, type World } from "./OrderNotificationsWorld.ts"
import * as Field from "./FieldSample.ts"
import * as Sample from "./OrderSample.ts"
import * as Call from "./ServiceCallSample.ts"

const small = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))

const Action = Schema.Struct({ kind: small(999), which: small(999) })
type Action = typeof Action.Type

const Story = {
  leads: Schema.Array(small(5)).check(Schema.isMinLength(1), Schema.isMaxLength(2)),
  draft: Schema.Literals(["no", "no", "with a window", "without"]),
  actions: Schema.Array(Action).check(Schema.isMinLength(10), Schema.isMaxLength(50)),
  /** Deliveries under way go on only after everything else has come to its end. */
  stragglers: Schema.Boolean,
  ends: Schema.Array(small(999)).check(Schema.isMinLength(5), Schema.isMaxLength(20))
}

const pick = <A>(list: ReadonlyArray<A>, which: number): A | undefined => list[which % Math.max(1, list.length)]

/** No two windows begin at the same time: an order that goes back to where it was is a story of its own. */
const commandOf = (which: number, moves: number): OrderCommand => {
  const target = { orderId: Field.orderId, at: Field.t0 }
  const window = Sample.windowAt(((moves * 37) % 97) + 1)
  switch (which % 12) {
    case 0:
      return { _tag: "CancelOrder", ...target }
    case 1:
      return { _tag: "CompleteOrder", ...target }
    case 2:
    case 3:
      return { _tag: "ConfirmOrder", ...target }
    case 4:
      return {
        _tag: "AddOrderItems",
        ...target,
        items: [{ material: "sand", quantity: 1, unit: "kilogram" as const }]
      }
    case 5:
    case 6:
    case 7:
      return { _tag: "ScheduleOrder", ...target, window }
    default:
      return { _tag: "MoveOrder", ...target, window }
  }
}

/** Ten hours pass, and what is due is called: some calls succeed, some are to be tried again. */
const due = Effect.fnUntraced(function* (world: World, which: number) {
  yield* TestClock.adjust(10 * Sample.hour)
  const now = Field.ms(yield* Clock.currentTimeMillis)
  const worker = WorkerId.make("worker-1")
  for (const { callId, dueAt, revision, status } of world.calls()) {
    if (status !== "Scheduled" || dueAt > now) continue
    yield* world.tell({ _tag: "DueTimeReached", callId, at: now, revision, worker })
    const epoch = world.calls().find((row) => row.callId === callId)?.epoch ?? 0
    if (which % 3 === 0) yield* world.tell(Call.success({ callId, at: now, epoch }))
    if (which % 3 === 1) yield* world.tell(Call.failure({ callId, at: now, epoch }))
    if (which % 3 === 2) yield* world.tell(Call.handBack({ callId, at: now, epoch, reason: "draining", retryAt: now }))
  }
})

/** Lets the newest delivery happen to its end, and nobody else's. */
const toItsEnd = Effect.fnUntraced(function* (world: World, pass: Pass) {
  while (pass.fiber.pollUnsafe() === undefined) yield* world.release(world.waiting.at(-1), "happens")
  return world.verdictOf(pass)?._tag
})

const fates: ReadonlyArray<Fate> = ["happens", "happens", "happens", "happens", "fails", "is not heard of"]

const start = Effect.fnUntraced(function* (world: World, which: number, end: boolean) {
  const message = pick(world.messages(), which)
  if (message === undefined) return
  const pass = yield* world.start(message)
  if (end) yield* toItsEnd(world, pass)
})

const act = Effect.fnUntraced(function* (world: World, { kind, which }: Action, moves: number) {
  if (kind < 200) return yield* world.tell(commandOf(which, moves))
  if (kind < 300) return yield* start(world, which, false)
  if (kind < 500) return yield* start(world, which, true)
  if (kind < 900) return yield* world.release(pick(world.waiting, which), pick(fates, kind) ?? "happens")
  if (kind < 950) return yield* due(world, which)
  const pass = pick(world.passes, which)
  return pass === undefined ? undefined : yield* world.kill(pass)
})

/** What a bus does for at-least-once: every message that nobody has acknowledged yet comes until somebody does. */
const deliverTheRest = Effect.fnUntraced(function* (world: World, ends: ReadonlyArray<number>) {
  const done = new Set(
    world.passes.filter((pass) => world.verdictOf(pass)?._tag === "Ack").map(({ message }) => message.eventId)
  )
  const left = world.messages().filter(({ eventId }) => !done.has(eventId))
  for (let turn = 0; left.length > 0; turn += 1) {
    const [message] = left.splice((ends[turn] ?? 0) % left.length, 1)
    if (message !== undefined) assert.strictEqual(yield* toItsEnd(world, yield* world.start(message)), "Ack")
  }
})

/** Nobody hears of it any more: what they were to deliver was acknowledged elsewhere. They go on for a while, then they die. */
const stragglersEnd = Effect.fnUntraced(function* (world: World, ends: ReadonlyArray<number>) {
  for (const end of ends) {
    const pass = pick(world.passes, end)
    if (end % 7 === 0 && pass !== undefined) yield* world.kill(pass)
    else yield* world.release(pick(world.waiting, end), pick(fates, end) ?? "happens")
  }
  for (const pass of world.passes) yield* world.kill(pass)
})

const dueTimes = (order: OrderRow | null): ReadonlyArray<number> => {
  if (order === null || order.window === null || order.status === "Draft" || order.endedAt !== null) return []
  const { from } = order.window
  return order.notifications.map(({ leadMs }) => from - leadMs)
}

/** The calls of an order as they must be, said without the code under test. */
const check = (world: World, leads: ReadonlyArray<number>, wished: ReadonlySet<number>) => {
  const order = world.order()
  const rows = new Map(world.calls().map((row) => [row.callId, row]))
  const ids = leads.map((_, index) => callIdOf(Field.tenantId, Field.orderId, index))
  assert.includeMembers(ids, [...rows.keys()])
  const ended = order?.status === "Cancelled" || order?.status === "Completed"
  for (const [index, id] of ids.entries()) {
    const row = rows.get(id)
    if (order?.status === "Draft" || order?.window === null) assert.isUndefined(row)
    else if (row === undefined) assert.fail(`notification ${index} has no call`)
    else if (ended) assert.isTrue(row.epoch === 0 ? row.status === "Cancelled" : row.status !== "Scheduled")
    else if (row.epoch === 0) assert.deepStrictEqual([row.status, row.dueAt], ["Scheduled", dueTimes(order)[index]])
  }
  const sent = new Set<string>()
  for (const { event, streamId } of world.dump().events) {
    if (event.type === "ExecutionStarted") sent.add(streamId)
    if (event.type === "ExecutionHandedBack") sent.delete(streamId)
    if (event.type === "ServiceCallRescheduled")
      assert.isFalse(sent.has(streamId), "a call was moved after it was sent")
    if (event.type !== "ServiceCallSubmitted" && event.type !== "ServiceCallRescheduled") continue
    const { dueAt } = event.payload as { readonly dueAt: number }
    const row = rows.get(streamId as string as ServiceCallId)
    assert.isTrue(wished.has(dueAt) || row?.status === "Cancelled", "a call was due when no order ever wanted it")
  }
}

it.effect.prop(
  "after any life, with any faults on the way, each notification is one call, due when the order says, or cancelled",
  Story,
  ({ actions, draft, ends, leads, stragglers }) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Field.t0)
      const world = yield* furnished()
      yield* world.tell(
        Sample.create({
          leads: leads.map((lead) => lead * Sample.hour),
          schedule: draft === "no",
          window: draft === "without" ? null : Sample.windowAt(100)
        })
      )
      const wished = new Set(dueTimes(world.order()))
      for (const [n, action] of actions.entries()) {
        yield* act(world, action, n)
        for (const dueAt of dueTimes(world.order())) wished.add(dueAt)
      }
      if (!stragglers) yield* world.drain
      yield* deliverTheRest(world, ends)
      yield* stragglersEnd(world, ends)
      check(world, leads, wished)
    }).pipe(Effect.scoped),
  { arbitrary: { ...propertyRuns, size: 50 }, tags: ["ADR-0019.1", "ADR-0019.2"] }
)
