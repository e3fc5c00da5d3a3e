/** One subscription: where it delivers, whether that works, and how to hold it, try it, and have a time delivered once more. */
import type { SubscriptionId } from "@dueline/contracts/subscription/Subscription"
import type { SubscriptionView } from "@dueline/contracts/subscription/SubscriptionBodies"
import { Effect } from "effect"
import { useState } from "react"
import { Link } from "wouter"
import { useAct } from "../backend/useAct.ts"
import { useAnswer } from "../backend/useAnswer.ts"
import { useAtom } from "../backend/useAtom.ts"
import { Actions, headersFor } from "../parts/Actions.tsx"
import { announce } from "../parts/Announcer.tsx"
import { Dialog } from "../parts/Dialog.tsx"
import { Facts } from "../parts/Facts.tsx"
import { Answered, Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { TroubleNote } from "../parts/TroubleNote.tsx"
import { useMay } from "../parts/useMay.ts"
import { zoneAtom } from "../time/chosenZone.ts"
import { nowAtom } from "../time/clock.ts"
import { Ago, Time } from "../time/Time.tsx"
import { instantOf, typedTime } from "../time/zone.ts"

interface Of {
  readonly subscription: SubscriptionView
  readonly changed: () => void
}

const dayMs = 86_400_000

const Redelivering = ({ changed, close, subscription }: Of & { readonly close: () => void }) => {
  const zone = useAtom(zoneAtom)
  const now = useAtom(nowAtom)
  const { act, busy, trouble } = useAct()
  const [from, setFrom] = useState(typedTime(now - dayMs, zone))
  const [to, setTo] = useState(typedTime(now, zone))
  const [begins, ends] = [instantOf(from, zone), instantOf(to, zone)]
  const redeliver = () =>
    act(
      ({ subscriptions }) =>
        subscriptions.redeliver({
          params: { id: subscription.id },
          headers: headersFor(subscription),
          payload: { from: new Date(begins).toISOString(), to: new Date(ends).toISOString() }
        }),
      () => {
        announce("Messages of that time stand in line again")
        close()
        changed()
      }
    )
  return (
    <Dialog title="Deliver a time once more" close={close}>
      <p>Messages keep their ids: a receiver that has one already recognises it.</p>
      {trouble === null ? null : <TroubleNote trouble={trouble} />}
      <div className="two">
        <label>
          From, in {zone}
          <input type="datetime-local" value={from} onChange={(event) => setFrom(event.target.value)} />
        </label>
        <label>
          Until
          <input type="datetime-local" value={to} onChange={(event) => setTo(event.target.value)} />
        </label>
      </div>
      <div className="actions">
        <button type="button" className="main" disabled={busy || !(begins < ends)} onClick={redeliver}>
          Deliver once more
        </button>
        <button type="button" onClick={close}>
          Leave it
        </button>
      </div>
    </Dialog>
  )
}

const Redeliver = (of: Of) => {
  const [open, setOpen] = useState(false)
  const may = useMay("ops:subscriptions.write")
  const why = may
    ? of.subscription.status === "Deleted"
      ? "It is deleted"
      : ""
    : "Needs the permission ops:subscriptions.write"
  return (
    <>
      <button type="button" disabled={why !== ""} title={why} onClick={() => setOpen(true)}>
        Deliver a time once more…
      </button>
      {open ? <Redelivering {...of} close={() => setOpen(false)} /> : null}
    </>
  )
}

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
