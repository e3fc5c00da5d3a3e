/** A target in a thread of its own: it answers while the event loop of the test stands still. */
import { Worker } from "node:worker_threads"
import { Effect } from "effect"

/** `closes`: it closes each connection after one answer, without having said so. */
const program = `
const { createServer } = require("node:net")
const { parentPort, workerData } = require("node:worker_threads")
const server = createServer((socket) => {
  socket.setNoDelay(true)
  socket.on("error", () => undefined)
  socket.on("data", () => {
    socket.write("HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\nok")
    Atomics.add(workerData.counted, 0, 1)
    Atomics.notify(workerData.counted, 0)
    if (workerData.closes) setImmediate(() => socket.end(() => {
      Atomics.add(workerData.counted, 1, 1)
      Atomics.notify(workerData.counted, 1)
    }))
  })
})
server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port))
`

/** A target that does not do what is waited for ends the wait after this time. */
const longestMs = 20_000

export interface RemoteTarget {
  readonly port: number
  readonly requests: () => number
  /** This thread stands still, event loop and all, until the target has answered or closed so many times, and so long again. */
  readonly standStill: (until: "answered" | "closed", times: number, ms: number) => void
}

export const remoteTarget = (closes: boolean) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<RemoteTarget & { readonly worker: Worker }>((resume) => {
        const counted = new Int32Array(new SharedArrayBuffer(8))
        const worker = new Worker(program, { eval: true, workerData: { counted, closes } })
        worker.once("message", (port: number) =>
          resume(
            Effect.succeed({
              worker,
              port,
              requests: () => Atomics.load(counted, 0),
              standStill: (until, times, ms) => {
                const at = until === "answered" ? 0 : 1
                for (let seen = Atomics.load(counted, at); seen < times; seen = Atomics.load(counted, at)) {
                  if (Atomics.wait(counted, at, seen, longestMs) === "timed-out") return
                }
                Atomics.wait(counted, at, times, ms)
              }
            })
          )
        )
      }),
      ({ worker }) => Effect.promise(() => worker.terminate())
    ),
    (target): RemoteTarget => target
  )
