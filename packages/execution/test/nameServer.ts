/** A name server on loopback (UDP) that answers as it is told. */
import { createSocket } from "node:dgram"
import { Effect } from "effect"

/** What is said about a name: addresses, an RCODE of RFC 1035, or nothing at all. */
export type Said =
  | { readonly a?: ReadonlyArray<string>; readonly aaaa?: ReadonlyArray<string> | "silence"; readonly ttl?: number }
  | { readonly rcode: number }
  | "silence"

export const serverFailure: Said = { rcode: 2 }
export const noSuchName: Said = { rcode: 3 }
export const refused: Said = { rcode: 5 }

const typeA = 1
const typeAaaa = 28

interface Question {
  readonly name: string
  readonly type: number
  readonly bytes: Buffer
}

const questionOf = (query: Buffer): Question => {
  const labels: Array<string> = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join(".").toLowerCase(), type: query.readUInt16BE(at + 1), bytes: query.subarray(12, at + 5) }
}

const recordOf = (address: string, type: number, ttl: number): Buffer => {
  const data =
    type === typeA
      ? Buffer.from(address.split(".").map(Number))
      : Buffer.from(
          address
            .split(":")
            .map((group) => group.padStart(4, "0"))
            .join(""),
          "hex"
        )
  const head = Buffer.alloc(12)
  // The name is the one at the beginning of the question.
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE(type, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(ttl, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

const replyOf = (query: Buffer, question: Question, said: Exclude<Said, "silence">): Buffer | null => {
  const rcode = "rcode" in said ? said.rcode : 0
  const addresses = "rcode" in said ? [] : ((question.type === typeAaaa ? said.aaaa : said.a) ?? [])
  if (addresses === "silence") return null
  const ttl = "rcode" in said ? 0 : (said.ttl ?? 60)
  const head = Buffer.alloc(12)
  query.copy(head, 0, 0, 2)
  head.writeUInt16BE(0x8180 | rcode, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(addresses.length, 6)
  return Buffer.concat([head, question.bytes, ...addresses.map((address) => recordOf(address, question.type, ttl))])
}

/** `said` is asked for each question. `asked`: names of questions for IPv4 addresses, in order. */
export const listenForNames = (said: (name: string) => Said) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly address: string; readonly asked: ReadonlyArray<string>; readonly close: () => void }>(
      (resume) => {
        const asked: Array<string> = []
        const socket = createSocket("udp4")
        socket.on("message", (query, from) => {
          const question = questionOf(query)
          if (question.type === typeA) asked.push(question.name)
          const answer = said(question.name)
          const reply = answer === "silence" ? null : replyOf(query, question, answer)
          if (reply !== null) socket.send(reply, from.port, from.address)
        })
        socket.bind(0, "127.0.0.1", () =>
          resume(
            Effect.succeed({ address: `127.0.0.1:${socket.address().port}`, asked, close: () => void socket.close() })
          )
        )
      }
    ),
    ({ close }) => Effect.sync(close)
  )
