/**
 * The screen of one thing that can be looked back at: its state, and what it is now or was. One thing as it was: with a version, by a slider, or at
 * an instant. Which one stands in the address.
 */
import { Effect } from "effect"
import { type ComponentType, type ReactNode, useState } from "react"
import { useSearchParams } from "wouter"
import { type Answer, useAnswer } from "../backend/asking.ts"
import type { Client } from "../backend/backend.ts"
import { useAtom } from "../backend/useAtom.ts"
import { Time, zoneAtom } from "../time/Time.tsx"
import { typedTime } from "../time/zone.ts"
import { InstantField } from "./Fields.tsx"
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

/** Null: as it is now. */
export const useAsOf = (): readonly [string | null, (asOf: string | null) => void] => {
  const [search, setSearch] = useSearchParams()
  const set = (asOf: string | null) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before)
        if (asOf === null) next.delete("asOf")
        else next.set("asOf", asOf)
        return next
      },
      // The way back leads to the page before, not through each step of a slider.
      { replace: search.has("asOf") && asOf !== null }
    )
  return [search.get("asOf"), set]
}

interface AsOfProps {
  readonly asOf: string | null
  readonly set: (asOf: string | null) => void
  readonly of: { readonly version: number; readonly createdAt: string }
}

const isVersion = (asOf: string): boolean => /^\d+$/u.test(asOf)

export const AsOf = ({ asOf, of: { createdAt, version }, set }: AsOfProps) => {
  const zone = useAtom(zoneAtom)
  const chosen = asOf !== null && isVersion(asOf) ? Number(asOf) : version
  return (
    <search className="filters asof" aria-label="As it was">
      <label>
        Version {chosen} of {version}
        <input
          type="range"
          min="1"
          max={version}
          value={chosen}
          disabled={version < 2}
          onChange={(event) => set(Number(event.target.value) === version ? null : event.target.value)}
        />
      </label>
      <InstantField
        label={`As of, in ${zone}`}
        step="1"
        min={typedTime(Date.parse(createdAt), zone)}
        value={asOf === null || isVersion(asOf) ? "" : asOf}
        set={(instant) => instant !== "" && set(instant)}
      />
      {asOf === null ? null : (
        <button type="button" onClick={() => set(null)}>
          As it is now
        </button>
      )}
    </search>
  )
}
