/** What `dueline verify` does. */
import * as EventLog from "@dueline/postgres/EventLog"
import { verify } from "@dueline/postgres/verify"
import { Effect, Layer } from "effect"
import * as Configuration from "../Configuration.ts"
import { Ended } from "./CommandFailed.ts"
import { openDatabase } from "./openDatabase.ts"
import { print, Shell } from "./Shell.ts"
import { table } from "./table.ts"

export const verifyDatabase = Effect.fnUntraced(function* () {
  const settings = yield* Configuration.read((yield* Shell).env)
  const store = EventLog.layer.pipe(Layer.provideMerge(openDatabase(settings)))
  const { events, findings } = yield* Effect.provide(verify, store)
  yield* print({ ok: findings.length === 0, events, findings }, () =>
    findings.length === 0
      ? `all is well: ${events} events agree with the read models`
      : table([
          ["CHECK", "TENANT", "STREAM", "FOUND"],
          ...findings.map(({ check, detail, streamId, tenantId }) => [check, tenantId || "-", streamId || "-", detail])
        ])
  )
  if (findings.length > 0) return yield* new Ended({ exitCode: 1 })
})
