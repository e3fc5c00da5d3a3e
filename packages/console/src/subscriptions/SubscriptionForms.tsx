/** A subscription is made, or gets another secret. */
import type { SubscriptionView } from "@dueline/contracts/subscription/SubscriptionBodies"
import { Effect } from "effect"
import { useState } from "react"
import { newKey } from "../backend/useAct.ts"
import { headersFor } from "../parts/Actions.tsx"
import type { DialogOf } from "../parts/ChangeDialog.tsx"
import { Field } from "../parts/Fields.tsx"
import { IssueDialog } from "../parts/IssueDialog.tsx"

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
