import { findPostgres } from "@dueline/test-servers/findServer"
import { missing, postgresUrl, temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { ServerFailed } from "@dueline/test-servers/ServerProcess"
import { startNats } from "@dueline/test-servers/startNats"
import { startPostgres } from "@dueline/test-servers/startPostgres"
import { startRedis } from "@dueline/test-servers/startRedis"
import { execFile, spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { promisify } from "node:util"
import { assert, describe, test, vi } from "vitest"
import { converse } from "./conversation.ts"

const request = (subject: string, body: string) =>
  `CONNECT {"verbose":false}\r\nSUB answer 1\r\nPUB ${subject} answer ${body.length}\r\n${body}\r\nPING\r\n`

const isAlive = (pid: number): boolean => {
  try {
    // What is left of a process until its parent has asked for it is not alive.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"))
  } catch {
    return process.platform === "linux" ? false : answersSignal(pid)
  }
}

const answersSignal = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe.skipIf(await missing("nats"))("NATS", () => {
  test("keeps its streams over kill -9, and comes back on the same port", async () => {
    const directory = await temporaryDirectory()
    const first = await startNats({ directory })
    const config = JSON.stringify({ name: "KEPT", subjects: ["kept.>"] })
    assert.include(await converse(first.port, request("$JS.API.STREAM.CREATE.KEPT", config), /MSG [^]*\}/), "KEPT")
    assert.include(await converse(first.port, request("kept.one", "hello"), /MSG [^]*\}/), '"seq":1')
    await first.kill()
    assert.isFalse(isAlive(first.pid))
    const second = await startNats({ directory, port: first.port })
    assert.strictEqual(second.url, first.url)
    assert.match(await converse(second.port, request("$JS.API.STREAM.INFO.KEPT", ""), /MSG [^]*\}/), /"messages":1/)
    await second.stop()
    assert.isFalse(isAlive(second.pid))
  })
})

describe.skipIf(await missing("redis"))("Redis", () => {
  test("that is durable keeps what it answered for over kill -9; stopping one that is gone does nothing", async () => {
    const directory = await temporaryDirectory()
    const first = await startRedis({ directory, durable: true })
    await converse(first.port, "SET kept 42\r\n", /\+OK/)
    await first.kill()
    await first.stop()
    const second = await startRedis({ directory, port: first.port, durable: true })
    assert.include(await converse(second.port, "GET kept\r\n", /\r\n.*\r\n/), "42")
    await second.stop()
  })
})

describe.skipIf(await missing("postgres"))("PostgreSQL", () => {
  /** The client that came with the server. */
  const psql = async (url: string, sql: string) => {
    const { environment, path } = await findPostgres()
    const args = [url, "-X", "-A", "-t", "-c", sql]
    const { stdout } = await promisify(execFile)(join(path, "..", "psql"), args, {
      env: { ...process.env, ...environment }
    })
    return stdout.trim()
  }

  test("that is shared is one for all who ask, and lets each make a database of its own", async () => {
    const [one, other] = await Promise.all([postgresUrl(), postgresUrl()])
    assert.strictEqual(one, other)
    const name = `test_servers_${process.pid}`
    await psql(one, `create database ${name}`)
    assert.strictEqual(await psql(one.replace(/postgres$/, name), "select current_database()"), name)
    await psql(one, `drop database ${name}`)
  })

  test("has PostGIS, asks for its password, and is the same after kill -9", async () => {
    const directory = await temporaryDirectory()
    const first = await startPostgres({ directory })
    await psql(first.url, "create extension postgis")
    const wrong = first.url.replace(/:[^:@]+@/, ":wrong@")
    await psql(wrong, "select 1").then(assert.fail, (cause: unknown) => assert.match(String(cause), /password/))
    await first.kill()
    const second = await startPostgres({ directory, port: first.port })
    assert.strictEqual(second.url, first.url)
    const metres = "select round(st_distance('point(0 0)'::geography, 'point(1 0)'::geography))"
    assert.strictEqual(await psql(second.url, metres), "111319")
    await second.stop()
    assert.isFalse(isAlive(second.pid))
  })
})

describe.skipIf((await missing("nats")) ?? (await missing("redis")) ?? (await missing("postgres")))(
  "each of them",
  () => {
    test.for(Object.entries({ startNats, startRedis, startPostgres }))(
      "%s: on a port that is taken it fails and says so; on a free one there is another",
      async ([, start]) => {
        const taken = await start({ directory: await temporaryDirectory() })
        const again = start({ directory: await temporaryDirectory(), port: taken.port })
        const failure = await again.catch((cause: unknown) => cause)
        assert.instanceOf(failure, ServerFailed)
        assert.match(String(failure), /in use/)
        const other = await start({ directory: await temporaryDirectory() })
        assert.notStrictEqual(other.port, taken.port)
        await Promise.all([taken.stop(), other.stop()])
      }
    )
  }
)

describe.skipIf((await missing("nats")) ?? (await missing("redis")) ?? (await missing("postgres")))(
  "all of them",
  () => {
    test("end with the program that started them, their directories too, though it was killed and one of them hangs", async () => {
      const program = spawn(process.execPath, [join(import.meta.dirname, "threeServers.fixture.ts")], {
        stdio: ["ignore", "pipe", "inherit"]
      })
      const line = await new Promise<string>((resolve) => createInterface(program.stdout).once("line", resolve))
      const servers: ReadonlyArray<{ pid: number; directory: string }> = JSON.parse(line)
      assert.isTrue(servers.every(({ directory, pid }) => isAlive(pid) && existsSync(directory)))
      process.kill(servers[0]?.pid ?? 0, "SIGSTOP")
      program.kill("SIGKILL")
      await vi.waitFor(
        () => {
          assert.isEmpty(servers.filter(({ pid }) => isAlive(pid)))
          assert.isEmpty(servers.filter(({ directory }) => existsSync(directory)))
        },
        { timeout: 30_000, interval: 20 }
      )
    })
  }
)
