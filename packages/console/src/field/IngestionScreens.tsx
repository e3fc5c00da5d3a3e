/** What came in from couriers and through the drop-bin, accepted and refused alike; and one of it: what it was, what became of it, and why. */
import { type IngestionId, IngestionSource, IngestionStatus } from "@dueline/contracts/ingestion/Ingestion"
import type { IngestionView } from "@dueline/contracts/ingestion/IngestionEndpoints"
import { Effect } from "effect"
import { Link } from "wouter"
import { useAnswer, usePages } from "../backend/asking.ts"
import { Facts, Section } from "../parts/Facts.tsx"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Answered, Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { Ago, Time } from "../time/Time.tsx"
import { Windows } from "./Windows.tsx"

const filters: ReadonlyArray<Filter> = [
  { name: "status", label: "State", oneOf: IngestionStatus.literals },
  { name: "source", label: "Came by", oneOf: IngestionSource.literals },
  { name: "trackingReference", label: "Tracking reference", type: "text" },
  { name: "eventId", label: "Sender's event id", type: "text" }
]

/** Why it was refused or failed. */
const whyOf = ({ attempts, dropbin, rejection }: IngestionView): string | null =>
  rejection?.advice ?? dropbin?.failure?.detail ?? attempts.at(-1)?.reason ?? null

const columns: readonly [Column<IngestionView>, ...ReadonlyArray<Column<IngestionView>>] = [
  { head: "What", cell: ({ event, source }) => event?.type ?? (source === "dropbin" ? "payload" : "request") },
  { head: "State", cell: ({ status }) => <Status of={status} /> },
  { head: "Reference", cell: ({ dropbin, event }) => event?.trackingReference ?? dropbin?.reference?.uri ?? "–" },
  { head: "Why", as: "wide", cell: (ingestion) => whyOf(ingestion) ?? <span className="faint">–</span> },
  { head: "Bytes", as: "number", cell: ({ bodyBytes }) => bodyBytes },
  { head: "Came in", cell: ({ createdAt }) => <Ago at={createdAt} /> }
]

export const IngestionsScreen = () => {
  const [values, set] = useFilters(filters)
  const pages = usePages(JSON.stringify(values), ({ ingestions }, page) =>
    ingestions.list({ query: { ...page, ...values } as never })
  )
  return (
    <Screen title="Ingestion" actions={<Freshness asked={pages} />}>
      <Filters filters={filters} values={values} set={set} />
      <Rows
        label="What came in, newest first"
        pages={pages}
        columns={columns}
        keyOf={({ id }) => id}
        href={({ id }) => `/ingestion/${id}`}
        filtered={Object.keys(values).length > 0}
        nothing={<p>Nothing came in yet. Couriers send signed events once there is a source for each of them.</p>}
      />
    </Screen>
  )
}

/** One thing that came in: what it was, what became of it, and why. */
const orderLink = (id: string | null | undefined) =>
  id === null || id === undefined ? null : (
    <Link href={`/orders/${id}`}>
      <code>{id}</code>
    </Link>
  )

type Failure = NonNullable<(typeof IngestionView.Type)["dropbin"]>["failure"]

/** Why no order came of it. */
const Why = ({ failure }: { readonly failure: Failure }) =>
  failure === null ? null : (
    <>
      <p className="lead">No order came of it: {failure.detail}</p>
      {failure.errors.length === 0 ? null : (
        <ul>
          {failure.errors.map(({ message, path }) => (
            <li key={path}>
              <code>{path}</code> {message}
            </li>
          ))}
        </ul>
      )}
      <Windows free={failure.freeWindows ?? []} />
    </>
  )

export const IngestionScreen = ({ id }: { readonly id: string }) => {
  const answer = useAnswer(
    id,
    ({ ingestions }) =>
      Effect.map(
        ingestions.get({ params: { id: id as IngestionId }, query: {}, headers: {} }),
        ({ body }) => body ?? null
      ),
    10_000
  )
  const ingestion = answer.value
  return (
    <Screen
      title={ingestion?.event?.type ?? "Ingestion"}
      aside={ingestion === null ? null : <Status of={ingestion.status} />}
      actions={<Freshness asked={answer} />}
    >
      <Answered answer={answer}>
        {(found) =>
          found === null ? null : (
            <>
              {found.rejection === null ? null : (
                <p className="lead">
                  Refused ({found.rejection.reason}): {found.rejection.advice}
                </p>
              )}
              <Why failure={found.dropbin?.failure ?? null} />
              <Facts
                of={[
                  ["Came in", <Time key="in" at={found.createdAt} />],
                  ["Came by", found.source],
                  ["Sender's event id", found.event?.id],
                  ["Sender's time", <Time key="at" at={found.event?.occurredAt} />],
                  ["Tracking reference", found.event?.trackingReference],
                  ["Order", orderLink(found.event?.orderId ?? found.dropbin?.orderId)],
                  ["Payload", found.dropbin?.reference?.uri],
                  ["Next try", <Time key="next" at={found.dropbin?.nextAttemptAt} />],
                  ["Bytes", found.bodyBytes],
                  [
                    "Correlation",
                    <Link key="correlation" href={`/timeline/${encodeURIComponent(found.correlationId)}`}>
                      <code>{found.correlationId}</code>
                    </Link>
                  ]
                ]}
              />
              {found.attempts.length === 0 ? null : (
                <Section title="Attempts that failed">
                  <ol className="attempts">
                    {found.attempts.toReversed().map(({ at, reason }) => (
                      <li key={at}>
                        <Time at={at} />
                        <p>{reason}</p>
                      </li>
                    ))}
                  </ol>
                </Section>
              )}
            </>
          )
        }
      </Answered>
    </Screen>
  )
}
