/** What can be done to one thing: each sent with the version that was seen, those that cannot be done saying why. */
import { type ReactNode, useState } from "react"
import type { Question } from "../backend/backend.ts"
import { newKey, useAct } from "../backend/asking.ts"
import { announce } from "./Announcer.tsx"
import { Dialog } from "./Dialogs.tsx"
import { TroubleNote } from "./TroubleNote.tsx"
import { useMay } from "../backend/session.ts"

export interface Action {
  readonly label: string
  /** What somebody most likely came for. */
  readonly main?: true
  /** Why it cannot be done now; null when it can. */
  readonly why: string | null
  /** What is asked before it is done; null where nothing is lost by it. */
  readonly ask: { readonly text: ReactNode; readonly danger?: true } | null
  readonly question: Question<unknown>
  readonly done: string
}

/** Of a change: the version that was seen, and a key under which it happens once. */
export const headersFor = ({ version }: { readonly version: number }) => ({
  "if-match": `"${version}"`,
  "idempotency-key": newKey()
})

interface ActionsProps {
  readonly of: ReadonlyArray<Action>
  readonly scope: string
  /** Called after a change, and to look again after a refusal. */
  readonly changed: () => void
  /** Further buttons, with dialogs of their own. */
  readonly children?: ReactNode
}

export const Actions = ({ changed, children, of, scope }: ActionsProps) => {
  const { act, busy, forget, trouble } = useAct()
  const [asked, setAsked] = useState<Action | null>(null)
  const may = useMay(scope)
  const go = ({ done, question }: Action) =>
    act(question, () => {
      setAsked(null)
      announce(done)
      changed()
    })
  const look = () => {
    forget()
    setAsked(null)
    changed()
  }
  return (
    <>
      {trouble === null || asked !== null ? null : <TroubleNote trouble={trouble} again={look} />}
      <div className="actions">
        {of.map((action) => {
          const why = may ? action.why : `Needs the permission ${scope}`
          return (
            <button
              type="button"
              key={action.label}
              className={action.main === true ? "main" : undefined}
              disabled={busy || why !== null}
              title={why ?? ""}
              onClick={() => (action.ask === null ? go(action) : setAsked(action))}
            >
              {action.label}
              {action.ask === null ? "" : "…"}
            </button>
          )
        })}
        {children}
      </div>
      {asked === null || asked.ask === null ? null : (
        <Dialog title={asked.label} close={() => setAsked(null)}>
          {trouble === null ? null : <TroubleNote trouble={trouble} again={look} />}
          <div>{asked.ask.text}</div>
          <div className="actions">
            <button
              type="button"
              className={asked.ask.danger === true ? "danger" : "main"}
              disabled={busy}
              onClick={() => go(asked)}
            >
              {asked.label}
            </button>
            <button type="button" onClick={() => setAsked(null)}>
              Leave it
            </button>
          </div>
        </Dialog>
      )}
    </>
  )
}
