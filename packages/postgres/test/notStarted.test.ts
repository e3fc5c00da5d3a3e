import { assert, it } from "@effect/vitest"
import { notStarted } from "../src/embedded/Postmaster.ts"

const where = { data: "/home/postgres/data", log: "/home/postgres/server.log" }

const cases: ReadonlyArray<readonly [says: string, todo: RegExp]> = [
  ["FATAL:  could not write lock file: No space left on device", /make room/u],
  ['could not access the server configuration file "x": Permission denied', /give \/home\/postgres\/data .* back/u],
  ['FATAL:  data directory "x" has invalid permissions', /mode 0700/u],
  ['FATAL:  lock file "postmaster.pid" already exists', /end the server/u],
  ["FATAL:  could not map anonymous shared memory: Cannot allocate memory", /more memory/u],
  ["LOG:  could not open file\nFATAL:  could not load /x/pg_hba.conf", /pg_hba\.conf back/u],
  ['could not open file "global/pg_control": No such file or directory', /restore the home.*server\.log/u],
  ["PANIC:  could not locate a valid checkpoint record at 0/1C9D020", /restore the home/u],
  ["", /restore the home/u]
]

it.each(cases)("a server that does not start is told of with what to do, and in its own words: %s", (says, todo) => {
  const told = notStarted(says, where)
  assert.match(told, todo)
  assert.isTrue(told.endsWith(says))
})
