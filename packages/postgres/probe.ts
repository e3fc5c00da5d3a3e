import { Effect } from "effect"
import * as EmbeddedServer from "./src/EmbeddedServer.ts"
const t0 = performance.now()
await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
  const s = yield* EmbeddedServer.make({ home: process.argv[2]! })
  console.log("up", performance.now() - t0, s, yield* s.pid)
  if (process.argv[3] === "die") process.kill(process.pid, "SIGKILL")
  if (process.argv[3] === "wait") yield* Effect.sleep("20 seconds")
})))
console.log("down", performance.now() - t0)
