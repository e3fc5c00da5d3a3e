/** The courier-source aggregate: its state, which of its secrets are valid until when, what is asked of it and what it announces. */
import {
  type CourierSourceChanged,
  type CourierSourceCommand,
  CourierSourceEvent,
  CourierSourceFacts,
  type CourierSourceId,
  CourierSourceIdTaken,
  CourierSourceIsDisabled,
  CourierSourceNotFound,
  type CourierSourceOutcome,
  type CourierSourceRejection,
  type CourierSourceTopic,
  maxSecrets,
  type SecretFacts,
  SourceNameTaken
} from "@dueline/contracts/courierSource/CourierSource"
import { CorrelationId, type EpochMillis, type StreamId } from "@dueline/contracts/Ids"
import { Result, Schema } from "effect"
import type { Aggregate, Stamp } from "../engine/Aggregate.ts"

/** In snapshots too: a changed shape needs another `form` there. */
const CourierSourceState = Schema.TaggedUnion({
  Unknown: {},
  Known: { source: CourierSourceFacts, fingerprint: Schema.NullOr(Schema.String), correlationId: CorrelationId }
})
type CourierSourceState = typeof CourierSourceState.Type

const initial: CourierSourceState = { _tag: "Unknown" }

const newest = (secretId: string, createdAt: EpochMillis): SecretFacts => ({ secretId, createdAt, validUntil: null })

/** Those before, each until the earlier of its own end and `until`; the expired and the oldest of too many are left out. */
const kept = (secrets: ReadonlyArray<SecretFacts>, until: EpochMillis, at: EpochMillis): ReadonlyArray<SecretFacts> =>
  secrets
    .map((secret) => ({ ...secret, validUntil: Math.min(secret.validUntil ?? until, until) as EpochMillis }))
    .filter(({ validUntil }) => validUntil > at)
    .slice(0, maxSecrets - 1)

/** Total: an event that does not apply changes nothing. */
const evolve = (state: CourierSourceState, event: CourierSourceEvent, at: EpochMillis): CourierSourceState => {
  if (event._tag === "CourierSourceCreated") {
    const { createdAt, fingerprint, origin, secretId, source } = event
    const secrets = [newest(secretId, createdAt)]
    return {
      _tag: "Known",
      source: { ...source, status: "Active", secrets, createdAt, updatedAt: at },
      fingerprint,
      correlationId: origin.correlationId
    }
  }
  if (state._tag === "Unknown") return state
  const { source } = state
  if (event._tag === "CourierSourceDisabled") {
    return { ...state, source: { ...source, status: "Disabled", secrets: [], updatedAt: at } }
  }
  const secrets = [newest(event.secretId, at), ...kept(source.secrets, event.previousUntil, at)]
  return { ...state, source: { ...source, secrets, updatedAt: at } }
}

type Decision = Result.Result<ReadonlyArray<CourierSourceEvent>, CourierSourceRejection>

const nothing: Decision = Result.succeed([])
const one = (event: CourierSourceEvent): Decision => Result.succeed([event])

/** Asking twice for the same thing decides nothing the second time. */
const decide = (command: CourierSourceCommand, state: CourierSourceState): Decision => {
  const { courierSourceId } = command
  if (command._tag === "CreateCourierSource") {
    const { at, fingerprint, origin, secretId, source } = command
    if (state._tag === "Unknown")
      return one({ _tag: "CourierSourceCreated", source, secretId, createdAt: at, fingerprint, origin })
    return state.fingerprint === fingerprint ? nothing : Result.fail(new CourierSourceIdTaken({ courierSourceId }))
  }
  if (state._tag === "Unknown") return Result.fail(new CourierSourceNotFound({ courierSourceId }))
  const { secrets, status } = state.source
  if (command._tag === "DisableCourierSource") {
    return status === "Disabled" ? nothing : one({ _tag: "CourierSourceDisabled" })
  }
  if (status === "Disabled") return Result.fail(new CourierSourceIsDisabled({ courierSourceId }))
  const { at, overlapMs, secretId } = command
  if (secrets.some((secret) => secret.secretId === secretId)) return nothing
  return one({ _tag: "CourierSecretRotated", secretId, previousUntil: (at + overlapMs) as EpochMillis })
}

/** One sealed secret as it stands in the attachment: `<id>:<sealed>`, joined by commas. A sealed text has neither in it. */
const entryOf = (secretId: string, sealed: string): string => `${secretId}:${sealed}`

/** What of the attachment belongs to these secrets, and the new one where there is one. */
const attachment = (command: CourierSourceCommand, before: string | null, after: CourierSourceState): string | null => {
  if (after._tag === "Unknown" || after.source.secrets.length === 0) return null
  const entries = before === null ? [] : before.split(",")
  const made = command._tag === "DisableCourierSource" ? [] : [entryOf(command.secretId, command.sealed)]
  const found = after.source.secrets.flatMap(({ secretId }) => {
    const entry = [...entries, ...made].find((each) => each.startsWith(`${secretId}:`))
    return entry === undefined ? [] : [entry]
  })
  return found.length === 0 ? null : found.join(",")
}

const topics: Readonly<Record<CourierSourceEvent["_tag"], CourierSourceTopic>> = {
  CourierSourceCreated: "ops.courier-source.created",
  CourierSecretRotated: "ops.courier-source.rotated",
  CourierSourceDisabled: "ops.courier-source.disabled"
}

const announce = (
  { _tag }: CourierSourceEvent,
  after: CourierSourceState,
  { at, tenantId, version }: Stamp,
  courierSourceId: CourierSourceId
): { readonly topic: CourierSourceTopic; readonly payload: CourierSourceChanged } | null => {
  if (after._tag === "Unknown") return null
  const { correlationId } = after
  const { name: sourceName, ...others } = after.source
  const source = { sourceName, ...others }
  return {
    topic: topics[_tag],
    payload: { schemaVersion: 1, tenantId, courierSourceId, version, source, occurredAt: at, correlationId }
  }
}

export const CourierSource: Aggregate<
  CourierSourceCommand,
  CourierSourceState,
  CourierSourceEvent,
  CourierSourceRejection,
  CourierSourceOutcome
> = {
  category: "courier-source",
  event: CourierSourceEvent,
  upcasters: {},
  snapshot: { form: 1, state: CourierSourceState },
  streamOf: ({ courierSourceId }) => courierSourceId as string as StreamId,
  opens: ({ _tag }) => _tag === "CreateCourierSource",
  ended: (state) => state._tag === "Known" && state.source.status === "Disabled",
  initial,
  correlation: (state) => (state._tag === "Unknown" ? null : state.correlationId),
  evolve,
  decide,
  respond: ({ _tag, courierSourceId }, after) => {
    if (after._tag === "Unknown") throw new Error(`an accepted ${_tag} left no courier source behind`)
    return { _tag: "CourierSourceAccepted", courierSourceId, source: after.source }
  },
  attachment,
  ruled: true,
  requires: () => [],
  refuse: (rule, { courierSourceId }, after) =>
    rule === "source_name_taken" && after._tag === "Known"
      ? new SourceNameTaken({ courierSourceId, name: after.source.name })
      : null,
  project: (after, { streamId, tenantId, version }) => {
    if (after._tag === "Unknown") return null
    const courierSourceId = streamId as string as CourierSourceId
    const { correlationId, source } = after
    return { _tag: "CourierSourceRow", tenantId, courierSourceId, version, ...source, correlationId }
  },
  announce: (event, after, stamp, { courierSourceId }) => announce(event, after, stamp, courierSourceId),
  intend: () => []
}
