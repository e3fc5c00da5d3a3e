/** `dueline subscription …`: what can be asked about endpoints that messages are delivered to. Only the words and flags are here. */
import { maxBulkRate } from "@dueline/contracts/bulkJob/BulkJob"
import { SubscriptionId, SubscriptionName, SubscriptionStatus } from "@dueline/contracts/subscription/Subscription"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { flowFlags } from "./flowFlags.ts"
import {
  callFlags,
  durationText,
  givenInstant,
  idArgument,
  instant,
  key,
  loadWhenRun,
  optional,
  textFlag,
  wholeNumber,
  switchFlag
} from "../flags.ts"

const example = (command: string, description: string) => ({ command: `dueline subscription ${command}`, description })
const some = "018f3c1e-7b5a-8c3d-9e2f-0a1b2c3d4e5f"
const id = idArgument(SubscriptionId, "the id of a subscription", "The id of the subscription")

const name = optional(
  textFlag("name", SubscriptionName, "1 to 63 lower-case letters, digits and hyphens").pipe(
    Flag.withDescription("Its name")
  )
)

const filter = optional(
  Flag.String("filter").pipe(
    Flag.withMetavar("condition"),
    Flag.withDescription("Only messages of which this is true, e.g. 'tag eq \"vip\"'")
  )
)

const topics = (least: 0 | 1) =>
  Flag.String("topic").pipe(
    Flag.withMetavar("pattern"),
    Flag.withDescription("A topic, * for one word of it, > for the rest, e.g. 'ops.service.order.>'; may be repeated"),
    Flag.atLeast(least)
  )

const create = Command.make(
  "create",
  {
    url: Flag.String("url").pipe(Flag.withMetavar("url"), Flag.withDescription("Where messages are posted")),
    topics: topics(1),
    filter,
    name,
    ...flowFlags,
    key
  },
  loadWhenRun(
    () => import("./subscriptions.ts"),
    ({ createSubscription }) => createSubscription
  )
).pipe(
  Command.withDescription("Subscribe an endpoint; its secret is shown once"),
  Command.withExamples([
    example("create --url https://example.com/hooks --topic 'ops.service.order.>'", "All that happens to orders")
  ])
)

const list = Command.make(
  "list",
  {
    name,
    status: optional(
      Flag.Literals("status", SubscriptionStatus.literals).pipe(Flag.withDescription("Only those in this state"))
    ),
    limit: wholeNumber("limit", "How many at the most", 1, 200).pipe(Flag.withDefault(50))
  },
  loadWhenRun(
    () => import("./subscriptions.ts"),
    ({ listSubscriptions }) => listSubscriptions
  )
).pipe(
  Command.withDescription("List subscriptions, newest first"),
  Command.withExamples([example("list --status Disabled", "Those that take nothing")])
)

const show = Command.make(
  "show",
  { id },
  loadWhenRun(
    () => import("./subscriptions.ts"),
    ({ showSubscription }) => showSubscription
  )
).pipe(Command.withDescription("Show a subscription"), Command.withExamples([example(`show ${some}`, "All of it")]))

const update = Command.make(
  "update",
  {
    id,
    url: optional(Flag.String("url").pipe(Flag.withMetavar("url"), Flag.withDescription("Another address"))),
    topics: topics(0),
    filter,
    name,
    key
  },
  loadWhenRun(
    () => import("./subscriptions.ts"),
    ({ updateSubscription }) => updateSubscription
  )
).pipe(
  Command.withDescription("Change a subscription; what is left out stays"),
  Command.withExamples([example(`update ${some} --topic ops.bin.created`, "Other topics")])
)

const rotate = Command.make(
  "rotate",
  { id, overlap: optional(durationText("overlap", "How long the secrets before stay valid (default 24h)")), key },
  loadWhenRun(
    () => import("./subscriptions.ts"),
    ({ rotateSecret }) => rotateSecret
  )
).pipe(
  Command.withDescription("Give a subscription another secret, which is shown once"),
  Command.withExamples([example(`rotate ${some} --overlap 1h`, "With an hour to change over")])
)

const pause = Command.make(
  "pause",
  {
    id,
    reason: optional(Flag.String("reason").pipe(Flag.withMetavar("text"), Flag.withDescription("Kept and shown"))),
    key
  },
  loadWhenRun(
    () => import("./subscriptions.ts"),
    ({ pauseSubscription }) => pauseSubscription
  )
).pipe(
  Command.withDescription("Pause a subscription: messages wait"),
  Command.withExamples([example(`pause ${some} --reason "the warehouse moves"`, "With a reason")])
)

const redeliver = Command.make(
  "redeliver",
  {
    id,
    from: givenInstant("from", "Messages from this time on (RFC 3339)"),
    to: instant("to", "Until this time (RFC 3339); until now when left out"),
    plan: switchFlag("plan", "Count them by topic, and touch nothing"),
    rate: optional(
      wholeNumber("rate", "So many messages a second, as a job that is followed to its end", 1, maxBulkRate)
    ),
    key
  },
  loadWhenRun(
    () => import("./subscriptions.ts"),
    ({ redeliverSubscription }) => redeliverSubscription
  )
).pipe(
  Command.withDescription("Deliver the messages of a time once more"),
  Command.withExamples([
    example(`redeliver ${some} --from 2026-01-31T09:00:00Z`, "All since nine"),
    example(`redeliver ${some} --from 2026-01-31T09:00:00Z --rate 20`, "Twenty a second, with its progress")
  ])
)

const change = (what: "enable" | "test" | "delete", description: string) =>
  Command.make(
    what,
    { id, key },
    loadWhenRun(
      () => import("./subscriptions.ts"),
      ({ changeSubscription }) => changeSubscription(what)
    )
  ).pipe(Command.withDescription(description), Command.withExamples([example(`${what} ${some}`, description)]))

export const subscription = Command.make("subscription").pipe(
  Command.withDescription("Have messages delivered to endpoints"),
  Command.withSubcommands([
    create,
    list,
    show,
    update,
    rotate,
    pause,
    change("enable", "Enable a subscription that was paused or disabled"),
    change("test", "Deliver a message that tries it out"),
    redeliver,
    change("delete", "Delete a subscription for good")
  ]),
  Command.withGlobalFlags(callFlags)
)
