/** A PostgreSQL server as somebody else runs it: reached by URL and password, with logins that may do little; and an ear for the log. */
import * as Database from "@dueline/postgres/Database"
import { temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { startPostgres } from "@dueline/test-servers/startPostgres"
import { Deferred, Effect, Logger, Redacted, References } from "effect"

let count = 0

/** A server of its own: what is done to its roles is nobody else's business. */
export const server = Effect.acquireRelease(
  Effect.promise(async () => {
    const directory = await temporaryDirectory()
    return { ...(await startPostgres({ directory, durable: false })), directory }
  }),
  (one) => Effect.promise(() => one.stop())
)

export const asAdmin = (url: string, ...statements: ReadonlyArray<string>) =>
  Database.withSession({ url: Redacted.make(url) }, (sql) =>
    Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })
  )

export const password = "correct horse"

/** A login, of an empty database that it owns unless it is to have another's. */
export const login = Effect.fnUntraced(function* (admin: string, rights = "", database?: string) {
  const name = `login_${++count}`
  yield* asAdmin(admin, `create role ${name} login password '${password}' ${rights}`)
  if (database === undefined) yield* asAdmin(admin, `create database ${name} owner ${name}`)
  const url = new URL(admin)
  url.username = name
  url.password = password
  url.pathname = `/${database ?? name}`
  return { name, url }
})

export const redacted = (url: URL): Redacted.Redacted => Redacted.make(url.href)

/** What is logged from here on, and a way to wait for it. */
export const listening = () => {
  const lines: Array<string> = []
  const waiting: Array<{ readonly pattern: RegExp; readonly heard: Deferred.Deferred<void> }> = []
  const logger = Logger.make(({ cause, fiber, message }) => {
    lines.push(
      [message, cause, fiber.getRef(References.CurrentLogAnnotations)].map((part) => JSON.stringify(part)).join(" ")
    )
    for (const { heard, pattern } of waiting)
      if (lines.some((line) => pattern.test(line))) Deferred.doneUnsafe(heard, Effect.void)
  })
  const until = (pattern: RegExp) =>
    Effect.suspend(() => {
      const heard = Deferred.makeUnsafe<void>()
      waiting.push({ pattern, heard })
      return lines.some((line) => pattern.test(line)) ? Effect.void : Deferred.await(heard)
    })
  return { lines, until, layer: Logger.layer([logger]) }
}
