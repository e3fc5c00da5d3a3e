/** What stands in a dialog that sends something: its fields, what was refused, and the two ways out. */
import type { ReactNode } from "react"
import type { Question } from "../backend/backend.ts"
import type { Trouble } from "../backend/trouble.ts"
import { useAct } from "../backend/useAct.ts"
import { TroubleNote } from "./TroubleNote.tsx"

export interface SendingProps<A> {
  /** What is said first. */
  readonly lead?: ReactNode
  /** The fields. */
  readonly children: ReactNode
  /** What the button that sends it says. */
  readonly label: string
  readonly danger?: true
  /** Whether the fields are such that it can be sent. */
  readonly ready: boolean
  readonly question: Question<A>
  readonly answered: (answer: A) => void
  /** Stands below the fields when it was refused; left out, the trouble is told above them. */
  readonly renderTrouble?: (trouble: Trouble) => ReactNode
  readonly close: () => void
}

export const Sending = <A,>(sent: SendingProps<A>) => {
  const { act, busy, trouble } = useAct()
  const { close, renderTrouble } = sent
  return (
    <>
      {sent.lead}
      {trouble === null || renderTrouble !== undefined ? null : <TroubleNote trouble={trouble} />}
      {sent.children}
      {trouble === null || renderTrouble === undefined ? null : renderTrouble(trouble)}
      <div className="actions">
        <button
          type="button"
          className={sent.danger === true ? "danger" : "main"}
          disabled={busy || !sent.ready}
          onClick={() => act(sent.question, sent.answered)}
        >
          {sent.label}
        </button>
        <button type="button" onClick={close}>
          Leave it
        </button>
      </div>
    </>
  )
}
