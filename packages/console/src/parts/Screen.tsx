/** The frame of one screen: its title, what can be done there, and the states that every screen has. */
import alarmIcon from "../favicon-alarm.svg?url"
import calmIcon from "../favicon.svg?url"
import { type ReactNode, useEffect, useRef } from "react"
import { useLocation } from "wouter"
import type { Trouble } from "../backend/trouble.ts"
import { Ago } from "../time/Time.tsx"
import { TroubleNote } from "./TroubleNote.tsx"

interface ScreenProps {
  readonly title: string
  /** What somebody has to look at: the tab's title and picture tell it too. */
  readonly alarm?: string | null
  /** What stands beside the title, such as a state. */
  readonly aside?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
}

export const Screen = ({ actions, alarm = null, aside, children, title }: ScreenProps) => {
  const [path] = useLocation()
  const main = useRef<HTMLElement>(null)
  useEffect(() => {
    document.querySelector("link[rel=icon]")?.setAttribute("href", alarm === null ? calmIcon : alarmIcon)
    document.title = `${alarm === null ? "" : `▲ ${alarm} · `}${title} · Dueline`
  }, [alarm, title])
  // Whoever reads by ear hears where they are; the first page is read from its top anyway.
  useEffect(() => main.current?.focus({ preventScroll: true }), [path])
  return (
    <main ref={main} tabIndex={-1} id="main">
      <header className="head">
        <h1>{title}</h1>
        {aside}
        <div className="actions">{actions}</div>
      </header>
      {children}
    </main>
  )
}

interface Asked {
  readonly trouble: Trouble | null
  readonly asking: boolean
  readonly at: number | null
  readonly again: () => void
}

/** When what is shown was read, and a way to read it again. */
export const Freshness = ({ asked }: { readonly asked: Asked }) => (
  <span className="fresh">
    {asked.at === null ? "" : <>read {<Ago at={new Date(asked.at).toISOString()} />}</>}
    <button type="button" className="quiet" onClick={asked.again} disabled={asked.asking}>
      {asked.asking ? "Reading…" : "Read again"}
    </button>
  </span>
)

/** What was answered, dimmed while it is asked again; before the first answer a line that says so, never a page that spins. */
export const Answered = <A,>({
  answer,
  children
}: {
  readonly answer: Asked & { readonly value: A | null }
  readonly children: (value: A) => ReactNode
}) => (
  <>
    {answer.trouble === null ? null : <TroubleNote trouble={answer.trouble} again={answer.again} />}
    {answer.value === null ? (
      answer.asking ? (
        <p className="faint">Reading…</p>
      ) : null
    ) : (
      <div aria-busy={answer.asking} className="answered">
        {children(answer.value)}
      </div>
    )}
  </>
)
