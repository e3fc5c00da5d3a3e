/** Talks to a server that speaks lines, without a client: says something and returns what is heard until it matches. */
import { connect } from "node:net"

/** Rejects when the connection ends first. */
export const converse = (port: number, words: string, until: RegExp): Promise<string> =>
  new Promise((resolve, reject) => {
    let heard = ""
    const socket = connect({ host: "127.0.0.1", port }, () => void socket.write(words))
    socket.on("error", reject)
    socket.on("close", () => reject(new Error(`the connection ended after ${JSON.stringify(heard)}`)))
    socket.on("data", (chunk) => {
      heard += chunk.toString("latin1")
      if (!until.test(heard)) return
      resolve(heard)
      socket.destroy()
    })
  })
