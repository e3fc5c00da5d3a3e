/** What went wrong, with what to do about it, and what to tell whoever runs the installation. */
import { useEffect, useState } from "react"
import type { Trouble } from "../backend/trouble.ts"

const advice: Partial<Record<Trouble["kind"], string>> = {
  forbidden: "Whoever gives out roles in this tenant can give you one that has it.",
  changed: "It has changed since you looked. What is shown now is what it is: look again before you decide."
}

/** Counts down what the edge asked to wait. */
const useWait = (seconds: number | null): number => {
  const [left, setLeft] = useState(seconds ?? 0)
  useEffect(() => {
    setLeft(seconds ?? 0)
    const ticking = setInterval(() => setLeft((n) => Math.max(0, n - 1)), 1_000)
    return () => clearInterval(ticking)
  }, [seconds])
  return left
}

export const TroubleNote = ({ trouble, again }: { readonly trouble: Trouble; readonly again?: () => void }) => {
  const wait = useWait(trouble.retryAfter)
  return (
    <div className={`note ${trouble.kind === "busy" || trouble.kind === "changed" ? "warn" : "bad"}`} role="alert">
      <strong>{trouble.title}</strong>
      <p>{trouble.detail}</p>
      {advice[trouble.kind] === undefined ? null : <p>{advice[trouble.kind]}</p>}
      {trouble.errors.length === 0 ? null : (
        <ul>
          {trouble.errors.map(({ message, path }) => (
            <li key={`${path} ${message}`}>
              <code>{path}</code> {message}
            </li>
          ))}
        </ul>
      )}
      <p className="faint">
        <code>{trouble.code}</code>
        {trouble.correlationId === null ? null : (
          <>
            {" "}
            · correlation <code>{trouble.correlationId}</code>
          </>
        )}
      </p>
      {again === undefined ? null : (
        <button type="button" onClick={again} disabled={wait > 0}>
          {wait > 0 ? `Try again in ${wait} s` : "Try again"}
        </button>
      )}
    </div>
  )
}
