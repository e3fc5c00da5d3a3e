/** One service call, driven command by command through the engine without a store, with everything that came of it written down. */
import type { RecordedEvent } from "@dueline/contracts/Envelope"
import type { Intent } from "@dueline/contracts/Intent"
import type { Commit } from "@dueline/contracts/ports/Persistence"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import type { ServiceCallOutcome } from "@dueline/contracts/serviceCall/Outcome"
import type { ServiceCallRejection } from "@dueline/contracts/serviceCall/Rejection"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { type BatchAnswer, decideBatch } from "../src/engine/decideBatch.ts"
import { restorer } from "../src/engine/restore.ts"
import { type Remembered, streamKey } from "../src/engine/StreamCache.ts"
import { ServiceCall } from "../src/service-call/ServiceCall.ts"
import type { ServiceCallEvent } from "@dueline/contracts/serviceCall/Event"
import type { ServiceCallState } from "../src/service-call/State.ts"
import { callId, envelope, streamOf, tenantId } from "./ServiceCallSample.ts"

export type Memory = Remembered<ServiceCallState, ServiceCallEvent>

export interface Turn {
  readonly command: ServiceCallCommand
  readonly before: Memory
  readonly after: Memory
  readonly answer: BatchAnswer<ServiceCallRejection, ServiceCallOutcome>
  /** What was stored; null when nothing was. */
  readonly commit: Commit | null
  readonly intents: ReadonlyArray<Intent>
  readonly rowBefore: ServiceCallRow | null
  readonly row: ServiceCallRow | null
}

const key = streamKey(tenantId, streamOf(callId))
const restore = restorer(ServiceCall)

export class CallUnderTest {
  readonly turns: Array<Turn> = []
  /** As a store would give them back: through JSON. */
  readonly stored: Array<RecordedEvent> = []
  memory: Memory = { state: ServiceCall.initial, version: 0, sealed: null, recent: [] }
  row: ServiceCallRow | null = null

  /** Decides and, unless it is only a trial, stores. */
  ask(command: ServiceCallCommand): Turn {
    const turn = this.trial(command)
    const from = turn.before.version
    const events = JSON.parse(JSON.stringify(turn.commit?.events ?? []))
    this.stored.push(...events.map((event: RecordedEvent, i: number) => ({ ...event, version: from + i + 1 })))
    this.memory = turn.after
    this.row = turn.row
    this.turns.push(turn)
    return turn
  }

  trial(command: ServiceCallCommand): Turn {
    const before = this.memory
    const loaded = { streams: new Map([[key, before]]), receipts: new Map() }
    const { after, answers, commits, intents } = decideBatch(ServiceCall, [envelope(command)], loaded, 1_000)
    const [answer] = answers
    const commit = commits[0] ?? null
    if (answer === undefined || answers.length !== 1 || commits.length > 1)
      throw new Error("one command, one answer, one commit")
    const row = commit === null ? this.row : commit.row
    return { command, before, after: after.get(key) ?? before, answer, commit, intents, rowBefore: this.row, row }
  }

  /** The call as someone would find it who knows nothing but what was stored. */
  restored(): Memory {
    return restore({ version: this.stored.length, events: this.stored, sealed: this.memory.sealed, receipt: null })
  }
}
