/** What is noted of sessions for the audit log: they are no aggregates, hence in no event. */
import type { Session } from "@dueline/contracts/session/Session"
import { Effect } from "effect"
import { AuditNotes } from "../access/AuditNotes.ts"
import { CurrentCorrelationId } from "../requests/Correlation.ts"

type Noted = Pick<Session, "sessionId" | "subject" | "tenantId">

/** `by`: who did it, where that is not the session's person. */
export const makeSessionNotes = Effect.map(AuditNotes, ({ note }) => {
  const noted = (outcome: "done" | "refused", code: string | null) => (action: string, session: Noted, by?: string) =>
    Effect.map(CurrentCorrelationId, (correlationId) =>
      note({
        tenantId: session.tenantId,
        actor: { kind: outcome === "done" ? "user" : "unknown", id: by ?? session.subject },
        action,
        resource: session.sessionId,
        outcome,
        code,
        correlationId
      })
    )
  return {
    done: noted("done", null),
    refused: (action: string, session: Noted, code: string) => noted("refused", code)(action, session)
  }
})
