/** One thing as it is now, or as it was: the screen of a detail that can be looked back at. */
import { Effect } from "effect"
import type { ReactNode } from "react"
import type { Client } from "../backend/backend.ts"
import { useAnswer } from "../backend/useAnswer.ts"
import { Time } from "../time/Time.tsx"
import { AsOf, useAsOf } from "./AsOf.tsx"
import { Answered } from "./Screen.tsx"
import { Status, wordsOf } from "./Status.tsx"

export interface Versioned {
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

/** It does not change any more. */
const Past = <A extends Versioned>({
  asOf,
  children,
  get,
  id
}: {
  readonly asOf: string
  readonly id: string
  readonly get: Get<A>
  readonly children: (was: A) => ReactNode
}) => {
  const answer = useAnswer(`${id} ${asOf}`, (api) => Effect.map(get(api, { asOf }), ({ body }) => body ?? null))
  return (
    <Answered answer={answer}>
      {(found) =>
        found === null ? null : (
          <>
            <p className="lead">
              It was <Status of={found.status} />, with version {found.version}, from <Time at={found.updatedAt} /> on.
            </p>
            {children(found)}
          </>
        )
      }
    </Answered>
  )
}

/** `now`: with what can be done about it; the children: what it was. */
export const InTime = <A extends Versioned>({
  children,
  get,
  now,
  of
}: {
  readonly of: A
  readonly get: Get<A>
  readonly now: ReactNode
  readonly children: (was: A) => ReactNode
}) => {
  const [asOf, set] = useAsOf()
  return (
    <>
      <AsOf asOf={asOf} set={set} of={of} />
      {asOf === null ? (
        now
      ) : (
        <Past asOf={asOf} id={of.id} get={get}>
          {children}
        </Past>
      )}
    </>
  )
}

/** The state beside the title, which is that of now also where the page shows another. */
export const StatusNow = ({ of: { status } }: { readonly of: Pick<Versioned, "status"> }) => {
  const [asOf] = useAsOf()
  return <Status of={status} {...(asOf === null ? {} : { words: `now ${wordsOf(status).toLowerCase()}` })} />
}
