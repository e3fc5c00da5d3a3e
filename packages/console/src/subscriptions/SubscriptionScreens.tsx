/**
 * Subscriptions: which endpoints messages are delivered to and whether they arrive, made and changed; and one of them: where it delivers, how to
 * hold it, try it, and have what was missed delivered.
 */
import { type SubscriptionId, SubscriptionStatus } from "@dueline/contracts/subscription/Subscription"
import type { SubscriptionView } from "@dueline/contracts/subscription/SubscriptionBodies"
import { Effect } from "effect"
import { useState } from "react"
import { Link } from "wouter"
import { newKey, useAnswer, usePages } from "../backend/asking.ts"
import { Actions, headersFor } from "../parts/Actions.tsx"
import { ChangeDialog, DialogButton, type DialogOf, IssueDialog } from "../parts/Dialogs.tsx"
import { Facts } from "../parts/Facts.tsx"
import { Field, TimeField } from "../parts/Fields.tsx"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { shortId } from "../parts/Named.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Answered, Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { Ago, lastDay, Time, useTypedRange } from "../time/Time.tsx"

const filters: ReadonlyArray<Filter> = [
  { name: "status", label: "State", oneOf: SubscriptionStatus.literals },
  { name: "name", label: "Name", type: "text" }
]

const columns: readonly [Column<SubscriptionView>, ...ReadonlyArray<Column<SubscriptionView>>] = [
  { head: "Subscription", cell: ({ id, name }) => name ?? <code>{shortId(id)}</code> },
  { head: "State", cell: ({ disabledReason, status }) => <Status of={disabledReason ?? status} /> },
  { head: "Failing", cell: ({ failingSince }) => (failingSince === null ? "–" : <Ago at={failingSince} />) },
  { head: "Endpoint", as: "wide", cell: ({ url }) => url },
  { head: "Topics", cell: ({ topics }) => topics.map((topic) => <code key={topic}>{topic}</code>) }
]

export const SubscriptionsScreen = () => {
  const [values, set] = useFilters(filters)
  const pages = usePages(JSON.stringify(values), ({ subscriptions }, page) =>
    subscriptions.list({ query: { ...page, ...values } as never })
  )
  return (
    <Screen
      title="Subscriptions"
      actions={
        <>
          <Freshness asked={pages} />
          <DialogButton label="Make a subscription" scope="ops:subscriptions.write" why={null} changed={pages.again}>
            {(close, done) => <NewSubscription close={close} changed={done} />}
          </DialogButton>
        </>
      }
    >
      <Filters filters={filters} values={values} set={set} />
      <Rows
        label="Subscriptions, newest first"
        pages={pages}
        columns={columns}
        keyOf={({ id }) => id}
        href={({ id }) => `/subscriptions/${id}`}
        filtered={Object.keys(values).length > 0}
        nothing={<p>None was made yet. A subscription delivers messages, signed, to an endpoint of yours.</p>}
      />
    </Screen>
  )
}

/** One subscription: where it delivers, whether that works, and how to hold it, try it, and have a time delivered once more. */
interface Of {
  readonly subscription: SubscriptionView
  readonly changed: () => void
}

const Redelivering = ({ changed, close, subscription }: Of & { readonly close: () => void }) => {
  const { begins, ends, from, instants, to, zone } = useTypedRange(lastDay)
  return (
    <ChangeDialog
      title="Deliver a time once more"
      lead={<p>Messages keep their ids: a receiver that has one already recognises it.</p>}
      label="Deliver once more"
      ready={begins < ends}
      question={({ subscriptions }) =>
        subscriptions.redeliver({
          params: { id: subscription.id },
          headers: headersFor(subscription),
          payload: instants()
        })
      }
      done="Messages of that time stand in line again"
      close={close}
      changed={changed}
    >
      <div className="two">
        <TimeField label={`From, in ${zone}`} {...from} />
        <TimeField label="Until" {...to} />
      </div>
    </ChangeDialog>
  )
}

const Redeliver = ({ changed, subscription }: Of) => (
  <DialogButton
    label="Deliver a time once more"
    scope="ops:subscriptions.write"
    why={subscription.status === "Deleted" ? "It is deleted" : null}
    changed={changed}
  >
    {(close, done) => <Redelivering subscription={subscription} close={close} changed={done} />}
  </DialogButton>
)

const SubscriptionActions = ({ changed, subscription }: Of) => {
  const about = { params: { id: subscription.id }, headers: headersFor(subscription) }
  const gone = subscription.status === "Deleted" ? "It is deleted" : null
  return (
    <Actions
      scope="ops:subscriptions.write"
      changed={changed}
      of={[
        {
          label: "Try it out",
          why: gone,
          ask: null,
          question: ({ subscriptions }) => subscriptions.test(about),
          done: "A message is on its way"
        },
        {
          label: "Pause",
          why: gone ?? (subscription.status === "Active" ? null : "It is not active"),
          ask: { text: "Messages wait in line, as long as they are kept." },
          question: ({ subscriptions }) =>
            subscriptions.pause({ ...about, payload: { reason: "paused in the console" } }),
          done: "Paused"
        },
        {
          label: "Enable",
          why: gone ?? (subscription.status === "Active" ? "It is active" : null),
          ask: null,
          question: ({ subscriptions }) => subscriptions.enable(about),
          done: "Enabled"
        },
        {
          label: "Delete",
          why: gone,
          ask: {
            text: "For good: its secrets and its address are erased, and what stands in line is not delivered.",
            danger: true
          },
          question: ({ subscriptions }) => subscriptions.remove(about),
          done: "Deleted"
        }
      ]}
    >
      <Redeliver subscription={subscription} changed={changed} />
      <DialogButton label="Another secret" scope="ops:subscriptions.write" why={gone} changed={changed}>
        {(close, done) => <NewSubscriptionSecret subscription={subscription} close={close} changed={done} />}
      </DialogButton>
    </Actions>
  )
}

export const SubscriptionScreen = ({ id }: { readonly id: string }) => {
  const answer = useAnswer(
    id,
    ({ subscriptions }) =>
      Effect.map(
        subscriptions.get({ params: { id: id as SubscriptionId }, query: {}, headers: {} }),
        ({ body }) => body ?? null
      ),
    5_000
  )
  const subscription = answer.value
  return (
    <Screen
      title={subscription?.name ?? "Subscription"}
      aside={subscription === null ? null : <Status of={subscription.disabledReason ?? subscription.status} />}
      actions={<Freshness asked={answer} />}
    >
      <Answered answer={answer}>
        {(found) =>
          found === null ? null : (
            <>
              {found.failingSince === null ? null : (
                <p className="lead">
                  Nothing could be delivered, the first time <Ago at={found.failingSince} />: {found.lastFailure}
                </p>
              )}
              <SubscriptionActions subscription={found} changed={answer.again} />
              <Facts
                of={[
                  ["Endpoint", found.url],
                  ["Topics", found.topics.map((topic) => <code key={topic}>{topic}</code>)],
                  ["Paused because", found.pausedReason],
                  ["Secrets", found.secrets.length],
                  ["Newest secret", <Time key="secret" at={found.secrets[0]?.createdAt} />],
                  [
                    "Delivered once more",
                    found.redelivery === null
                      ? null
                      : `${found.redelivery.messages} messages${found.redelivery.done ? "" : ", goes on"}`
                  ],
                  ["Made", <Time key="made" at={found.createdAt} />],
                  [
                    "Its calls",
                    <Link key="calls" href={`/calls?${found.links.calls.split("?")[1] ?? ""}`}>
                      deliveries
                    </Link>
                  ]
                ]}
              />
            </>
          )
        }
      </Answered>
    </Screen>
  )
}

/** A subscription is made, or gets another secret. */
export const NewSubscription = ({ changed, close }: DialogOf) => {
  const [name, setName] = useState("")
  const [url, setUrl] = useState("")
  const [topics, setTopics] = useState("ops.service-call.*")
  const listed = topics.split(/[\s,]+/u).filter((topic) => topic !== "")
  return (
    <IssueDialog
      title="Make a subscription"
      lead={
        <p>
          Messages of these topics that come from now on are posted there, signed with the secret that is shown next.
        </p>
      }
      label="Make it"
      ready={url.trim() !== "" && listed.length > 0}
      question={({ subscriptions }) =>
        Effect.map(
          subscriptions.create({
            headers: { "idempotency-key": newKey() },
            payload: { url: url.trim(), topics: listed, ...(name.trim() === "" ? {} : { name: name.trim() }) } as never
          }),
          ({ body }) => body.secret
        )
      }
      close={close}
      changed={changed}
    >
      <Field label="Endpoint" value={url} set={setUrl} />
      <div className="two">
        <Field label="Name" value={name} set={setName} />
        <Field label="Topics" value={topics} set={setTopics} />
      </div>
    </IssueDialog>
  )
}

export const NewSubscriptionSecret = ({
  changed,
  close,
  subscription
}: DialogOf & { readonly subscription: SubscriptionView }) => {
  const [overlap, setOverlap] = useState("24h")
  return (
    <IssueDialog
      title="Another secret"
      lead={<p>For as long as is said here messages carry a signature of each secret, the newest first.</p>}
      label="Give it another"
      ready={overlap.trim() !== ""}
      question={({ subscriptions }) =>
        Effect.map(
          subscriptions.rotate({
            params: { id: subscription.id },
            headers: headersFor(subscription),
            payload: { overlap: overlap.trim() } as never
          }),
          ({ body }) => body.secret
        )
      }
      close={close}
      changed={changed}
    >
      <Field label="The ones before stay good for" value={overlap} set={setOverlap} />
    </IssueDialog>
  )
}
