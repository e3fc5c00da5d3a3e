/** Several processes of an installation inside one test: each with a connection of its own, which can be cut as a crash would. */
import type { Envelope } from "@dueline/contracts/Envelope"
import { type Answer, Orchestrator, type Refusal } from "@dueline/contracts/ports/Orchestrator"
import type { Role } from "@dueline/contracts/Role"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import * as Sample from "@dueline/port-contracts/Sample"
import { natsUrl } from "@dueline/test-servers/sharedServers"
import { assert } from "@effect/vitest"
import { Context, Effect, Layer, type Scope } from "effect"
import * as CommandServer from "../src/commands/CommandServer.ts"
import { Members, layer as membersLayer } from "../src/members/Members.ts"
import { layer as natsLayer, Nats } from "../src/Nats.ts"

export type Command = Envelope<ServiceCallCommand>

export const command = (): Command => {
  const callId = Sample.callId()
  return {
    tenantId: Sample.tenantId(),
    commandId: `cancel:${callId}` as Command["commandId"],
    correlationId: "test" as Command["correlationId"],
    actor: { kind: "user", id: "someone" },
    traceparent: null,
    idempotency: null,
    expectedVersion: null,
    command: { _tag: "CancelServiceCall", callId, at: 1 as Command["command"]["at"] }
  }
}

export const answerTo = ({ command }: Command): Answer => ({
  version: 7,
  replayed: false,
  outcome: { _tag: "Cancelled", callId: command.callId, status: "Cancelled", dueAt: command.at, attempt: 0 }
})

/** A connection and its membership. Installations of different prefixes do not see each other. */
export const start = Effect.fnUntraced(function* (
  prefix: string,
  id: string,
  roles: ReadonlyArray<Role>,
  everyMs = 50
) {
  const nats = natsLayer({ url: yield* Effect.promise(natsUrl), name: id, prefix })
  const layer = membersLayer({ id, roles, everyMs }).pipe(Layer.provideMerge(nats), Layer.orDie)
  return yield* Layer.build(layer)
})

export type Process = Context.Context<Nats | Members>

/** As `kill -9` does: the server sees the connection go, and nothing is said any more. */
export const cut = (process: Process) => Effect.promise(() => Context.get(process, Nats).connection.close())

/** An orchestrator that answers every command, and the list of those it was asked. */
export const answering = Effect.fnUntraced(function* (
  process: Process,
  answer: (command: Command) => Effect.Effect<Answer, Refusal> = (one) => Effect.succeed(answerTo(one))
): Effect.fn.Return<Array<Command>, never, Scope.Scope> {
  const asked: Array<Command> = []
  const orchestrator = yield* Orchestrator.ofCalls((one) =>
    Effect.suspend(() => {
      asked.push(one)
      return answer(one)
    })
  )
  yield* Effect.provide(CommandServer.serveCommands(orchestrator), process)
  return asked
})

/** Waits, on the real clock, for what another process will do soon. */
export const until = Effect.fnUntraced(function* (what: string, condition: () => boolean) {
  for (let round = 0; round < 1_000; round++) {
    if (condition()) return
    yield* Effect.sleep(10)
  }
  assert.fail(`never happened: ${what}`)
})

export const sees = (process: Process, role: Role, ids: ReadonlyArray<string>) =>
  until(
    `${role}: ${ids.join(", ")}`,
    () => Context.get(process, Members).withRole(role).join() === [...ids].sort().join()
  )

let count = 0
export const newPrefix = (): string => `t${process.pid}-${++count}`
