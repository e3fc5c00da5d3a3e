/** Starts one server for a whole test run and stops it afterwards: vitest's `globalSetup`. */
import { Effect, Exit, Scope } from "effect"
import { sharedServerVariable, serverWithTemplate } from "./TestDatabase.ts"

export default async (): Promise<() => Promise<void>> => {
  const scope = Scope.makeUnsafe()
  const server = await Effect.runPromise(Scope.provide(serverWithTemplate, scope))
  process.env[sharedServerVariable] = [server.socketDirectory, server.port, server.superuser].join("|")
  return () => Effect.runPromise(Scope.close(scope, Exit.void))
}
