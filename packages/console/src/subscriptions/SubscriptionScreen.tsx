/** One subscription: where it delivers, whether that works, and how to hold it, try it, and have a time delivered once more. */
import type { SubscriptionId } from "@dueline/contracts/subscription/Subscription"
import type { SubscriptionView } from "@dueline/contracts/subscription/SubscriptionBodies"
import { Effect } from "effect"
import { Link } from "wouter"
import { useAnswer } from "../backend/useAnswer.ts"
import { Actions, headersFor } from "../parts/Actions.tsx"
import { ChangeDialog, DialogButton } from "../parts/ChangeDialog.tsx"
import { Facts } from "../parts/Facts.tsx"
import { TimeField } from "../parts/Fields.tsx"
import { Answered, Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { Ago, Time } from "../time/Time.tsx"
import { lastDay, useTypedRange } from "../time/useTypedRange.ts"
import { NewSubscriptionSecret } from "./SubscriptionForms.tsx"

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
