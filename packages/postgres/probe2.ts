import { Effect, Layer } from "effect"
import * as Database from "./src/Database.ts"
const t0 = performance.now()
await Effect.runPromise(Effect.gen(function*() {
  const db = yield* Database.Database
  console.log("ready", performance.now() - t0)
  console.log(yield* db.writer`select session_user::text, current_setting('enable_seqscan') s, version()`)
  console.log(yield* db.edge`select session_user::text`)
}).pipe(Effect.provide(Database.layerEmbedded({ home: process.argv[2]! }))))
console.log("down", performance.now() - t0)
