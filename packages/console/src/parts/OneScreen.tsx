/** The screen of one thing that can be looked back at: its state, and what it is now or was. */
import { Effect } from "effect"
import { type ComponentType, type ReactNode, useState } from "react"
import type { Client } from "../backend/backend.ts"
import { type Answer, useAnswer } from "../backend/useAnswer.ts"
import { Time } from "../time/Time.tsx"
import { AsOf, useAsOf } from "./AsOf.tsx"
import { Answered, Freshness, Screen } from "./Screen.tsx"
import { Status, wordsOf } from "./Status.tsx"

interface Versioned {
  readonly id: string
  readonly status: string
  readonly version: number
  readonly createdAt: string
  readonly updatedAt: string
}

/** Asks for one of them; without a body where nothing is new, which a page that names no version is not told. */
export type Get<A> = (
  api: Client,
  query: { readonly asOf?: string }
) => Effect.Effect<{ readonly body: A | void }, unknown>

interface OneProps<A> {
  readonly get: Get<A>
  /** What it is, with what can be done about it. `changed`: to look again after that. */
  readonly Now: ComponentType<{ readonly of: A; readonly changed: () => void }>
  /** What it was. */
  readonly Was: ComponentType<{ readonly of: A }>
}

/** It does not change any more. */
const Past = <A extends Versioned>({
  Was,
  asOf,
  get,
  id
}: Pick<OneProps<A>, "get" | "Was"> & { readonly asOf: string; readonly id: string }) => {
  const answer = useAnswer(`${id} ${asOf}`, (api) => Effect.map(get(api, { asOf }), ({ body }) => body ?? null))
  return (
    <Answered answer={answer}>
      {(found) =>
        found === null ? null : (
          <>
            <p className="lead">
              It was <Status of={found.status} />, with version {found.version}, from <Time at={found.updatedAt} /> on.
            </p>
            <Was of={found} />
          </>
        )
      }
    </Answered>
  )
}

/** The state beside the title, which is that of now also where the page shows another. */
const StatusNow = ({ asOf, status }: { readonly status: string; readonly asOf: string | null }) => (
  <Status of={status} {...(asOf === null ? {} : { words: `now ${wordsOf(status).toLowerCase()}` })} />
)

/** `everyMs`: as `useAnswer` has it. */
export const useOne = <A,>(id: string, get: Get<A>, everyMs: number | null = null): Answer<A | null> =>
  useAnswer(id, (api) => Effect.map(get(api, {}), ({ body }) => body ?? null), everyMs)

export const OneScreen = <A extends Versioned>({
  Now,
  Was,
  answer,
  aside,
  get,
  title
}: OneProps<A> & {
  readonly answer: Answer<A | null>
  /** Null before it is known. */
  readonly title: (found: A | null) => string
  /** Beside the state. */
  readonly aside?: ReactNode
}) => {
  const [asOf, set] = useAsOf()
  const [opened, setOpened] = useState(false)
  /** Whoever comes for what it is now has that first; an address that names another time shows that. */
  const looksBack = opened || asOf !== null
  const turn = () => {
    setOpened(!looksBack)
    if (asOf !== null) set(null)
  }
  return (
    <Screen
      title={title(answer.value)}
      aside={
        answer.value === null ? null : (
          <>
            <StatusNow status={answer.value.status} asOf={asOf} />
            {aside}
          </>
        )
      }
      actions={
        <>
          <Freshness asked={answer} />
          {answer.value === null ? null : (
            <button type="button" aria-expanded={looksBack} onClick={turn}>
              As it was
            </button>
          )}
        </>
      }
    >
      <Answered answer={answer}>
        {(found) =>
          found === null ? null : (
            <>
              {looksBack ? <AsOf asOf={asOf} set={set} of={found} /> : null}
              {asOf === null ? (
                <Now of={found} changed={answer.again} />
              ) : (
                <Past asOf={asOf} id={found.id} get={get} Was={Was} />
              )}
            </>
          )
        }
      </Answered>
    </Screen>
  )
}
