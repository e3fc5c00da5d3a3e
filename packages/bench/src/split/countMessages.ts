/** Counts what goes over a NATS server by kind of subject: a client of its own that takes everything, on the plain protocol. */
import { connect } from "node:net"

interface Count {
  messages: number
  bytes: number
}

export interface MessageCounter {
  readonly counts: () => ReadonlyMap<string, Count>
  readonly stop: () => void
}

/** What stands in a subject beside its kind: ids, numbers. */
const kindOf = (subject: string): string => {
  const [first = "", second = "", third = ""] = subject.split(".")
  if (first === "$JS") return second === "ACK" ? "acknowledgement of a consumer" : `request to JetStream: ${third}`
  return first === "_INBOX" ? "answer of the server" : `${first}.${second}`
}

export const countMessages = async (port: number): Promise<MessageCounter> => {
  const counts = new Map<string, Count>()
  const socket = connect({ host: "127.0.0.1", port })
  await new Promise((connected) => socket.once("connect", connected))
  socket.write('CONNECT {"verbose":false,"pedantic":false,"headers":true}\r\nSUB > 1\r\n')
  let rest = Buffer.alloc(0)
  /** Bytes of a message that have not come yet. */
  let owed = 0
  const line = (text: string): void => {
    if (text === "PING") socket.write("PONG\r\n")
    const words = text.split(" ")
    if (words[0] !== "MSG" && words[0] !== "HMSG") return
    const size = Number(words.at(-1))
    const kind = kindOf(words[1] ?? "")
    const count = counts.get(kind) ?? { messages: 0, bytes: 0 }
    counts.set(kind, { messages: count.messages + 1, bytes: count.bytes + size })
    owed = size + 2
  }
  socket.on("data", (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (;;) {
      if (owed > 0) {
        const taken = Math.min(owed, rest.length)
        rest = rest.subarray(taken)
        owed -= taken
        if (owed > 0) return
      }
      const end = rest.indexOf("\r\n")
      if (end < 0) return
      const text = rest.toString("latin1", 0, end)
      rest = rest.subarray(end + 2)
      line(text)
    }
  })
  return { counts: () => new Map(counts), stop: () => socket.destroy() }
}
