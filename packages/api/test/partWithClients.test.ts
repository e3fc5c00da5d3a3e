import { assert, describe, it } from "@effect/vitest"
import { once } from "node:events"
import type { IncomingMessage, Server, ServerResponse } from "node:http"
import { type AddressInfo, connect, type Socket } from "node:net"
import { createHttpServer, defaultServerLimits } from "../src/server/createHttpServer.ts"

/** Long enough that a test which waits for it by mistake is seen to hang. */
const never = 600_000

interface Client {
  readonly socket: Socket
  readonly said: () => string
  readonly errors: ReadonlyArray<Error>
  /** Until so many answers have come. */
  readonly answers: (count: number) => Promise<void>
  readonly ended: Promise<unknown>
}

const serverThat = async (handle: (request: IncomingMessage, response: ServerResponse) => void, lingerMs: number) => {
  const server = createHttpServer(null, { ...defaultServerLimits, lingerMs })
  const seen: Array<string> = []
  server.on("request", (request, response) => {
    seen.push(request.url ?? "")
    handle(request, response)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return { server, seen, port: (server.address() as AddressInfo).port }
}

const client = async (port: number): Promise<Client> => {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true })
  const errors: Array<Error> = []
  let text = ""
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")))
  socket.on("error", (error) => errors.push(error))
  const ended = new Promise((resolve) => socket.once("end", resolve))
  await once(socket, "connect")
  const answers = async (count: number) => {
    while (text.split("HTTP/1.1 200").length - 1 < count) await once(socket, "data")
  }
  return { socket, said: () => text, errors, answers, ended }
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: here\r\n\r\n`
const closed = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()))
const answerAtOnce = (_: IncomingMessage, response: ServerResponse) => void response.end("ok")

describe("a server that leaves", () => {
  it("ends an idle connection for its client, and closes it when the client has closed its side too", async () => {
    const { port, server } = await serverThat(answerAtOnce, never)
    const idle = await client(port)
    const untouched = await client(port)
    idle.socket.write(get("/"))
    await idle.answers(1)
    const gone = closed(server)
    await Promise.all([idle.ended, untouched.ended])
    idle.socket.end()
    untouched.socket.end()
    await gone
    assert.deepStrictEqual([...idle.errors, ...untouched.errors], [])
  })

  it("neither handles nor resets a request that was sent before its client knew", async () => {
    const { port, seen, server } = await serverThat(answerAtOnce, never)
    const late = await client(port)
    late.socket.write(get("/first"))
    await late.answers(1)
    const gone = closed(server)
    await late.ended
    late.socket.end(get("/too-late"))
    await gone
    assert.deepStrictEqual([seen, late.errors], [["/first"], []])
  })

  it("answers the request that is under way and the one that has begun to arrive, and then goes", {
    tags: ["ADR-0007.8"]
  }, async () => {
    const open: Array<ServerResponse> = []
    const { port, seen, server } = await serverThat((request, response) => {
      if (request.url === "/slow") open.push(response)
      else response.end("ok")
    }, never)
    const slow = await client(port)
    const half = await client(port)
    slow.socket.write(get("/slow"))
    half.socket.write(get("/before"))
    await half.answers(1)
    half.socket.write("GET /half HTTP/1.1\r\n")
    // The half that was sent is there once an answer to something sent later is.
    const other = await client(port)
    other.socket.write(get("/other"))
    await other.answers(1)
    other.socket.end()
    while (open.length === 0) await new Promise((next) => setImmediate(next))
    const gone = closed(server)
    half.socket.write("Host: here\r\n\r\n")
    await half.answers(2)
    open[0]?.end("done")
    await Promise.all([slow.ended, half.ended])
    slow.socket.end()
    half.socket.end()
    await gone
    assert.include(slow.said(), "done")
    assert.deepStrictEqual(
      [seen.toSorted(), slow.errors, half.errors],
      [["/before", "/half", "/other", "/slow"], [], []]
    )
  })

  it("does not wait for clients that never close or never finish what they send", async () => {
    const { port, server } = await serverThat(answerAtOnce, 1)
    const stubborn = await client(port)
    const stuck = await client(port)
    stubborn.socket.write(get("/"))
    stuck.socket.write("GET / HTTP/1.1\r\n")
    await stubborn.answers(1)
    await closed(server)
    stubborn.socket.destroy()
    stuck.socket.destroy()
  })
})
