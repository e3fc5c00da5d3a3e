import * as Database from "@dueline/postgres/Database"
import * as EmbeddedServer from "@dueline/postgres/embedded/EmbeddedServer"
import { migrate } from "@dueline/postgres/schema/Migrations"
import { bringDatabase, template, temporaryHome } from "@dueline/postgres/testing/MadeDatabase"
import { notTested } from "@dueline/test-servers/notTested"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"

const why =
  process.env["PROGRAM_FILE"] === undefined
    ? notTested("databases that are copied", "they are kept beside the program: npm test madeDatabase")
    : ""

it.live.skipIf(why !== "")(
  "a database that was brought into a home lacks no step, and no more does the template beside it",
  () =>
    Effect.scoped(
      Effect.gen(function* () {
        const home = yield* temporaryHome
        assert.isTrue(yield* bringDatabase(home))
        const server = yield* EmbeddedServer.make({ home, durable: false })
        for (const database of [Database.databaseName, template]) {
          const at = { host: server.socketDirectory, port: server.port, username: server.superuser, database }
          assert.deepStrictEqual(yield* Database.withSession(at, (sql) => migrate(sql, { canLogIn: true })), [])
        }
      })
    )
)
