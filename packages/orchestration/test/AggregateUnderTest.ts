/** One aggregate, driven command by command through the engine without a store, with everything that came of it written down. */
import type { Envelope, RecordedEvent } from "@dueline/contracts/Envelope"
import type { Intent } from "@dueline/contracts/Intent"
import type { ReadModelRow } from "@dueline/contracts/kinds"
import type { Commit } from "@dueline/contracts/ports/Persistence"
import type { Aggregate, Command, Tagged } from "../src/engine/Aggregate.ts"
import { type BatchAnswer, decideBatch, requestOf, streamKey } from "../src/engine/decideBatch.ts"
import { type CachedStream, restorer, snapshotCodec } from "../src/engine/storedForms.ts"

export interface Turn<C, S, E, R, O, Row> {
  readonly command: C
  readonly before: CachedStream<S, E>
  readonly after: CachedStream<S, E>
  readonly answer: BatchAnswer<R, O>
  /** What was stored; null when nothing was. */
  readonly commit: Commit | null
  readonly intents: ReadonlyArray<Intent>
  readonly rowBefore: Row | null
  readonly row: Row | null
}

const throughJson = <A>(value: A): A => JSON.parse(JSON.stringify(value)) as A

export class AggregateUnderTest<C extends Command, S, E extends Tagged, R, O, Row extends ReadModelRow = ReadModelRow> {
  readonly turns: Array<Turn<C, S, E, R, O, Row>> = []
  /** As a store would give them back: through JSON. */
  readonly stored: Array<RecordedEvent> = []
  memory: CachedStream<S, E>
  row: Row | null = null
  readonly #aggregate: Aggregate<C, S, E, R, O>
  readonly #envelope: (command: C) => Envelope<C>

  /** `envelope` makes a new request of every command. */
  constructor(aggregate: Aggregate<C, S, E, R, O>, envelope: (command: C) => Envelope<C>) {
    this.#aggregate = aggregate
    this.#envelope = envelope
    this.memory = { state: aggregate.initial, version: 0, sealed: null, recent: [] }
  }

  /** Decides and, unless it is only a trial, stores. */
  ask(command: C, envelope = this.#envelope(command)): Turn<C, S, E, R, O, Row> {
    const turn = this.trial(command, envelope)
    const from = turn.before.version
    const events = throughJson(turn.commit?.events ?? [])
    this.stored.push(...events.map((event, i) => ({ ...event, version: from + i + 1 })))
    this.memory = turn.after
    this.row = turn.row
    this.turns.push(turn)
    return turn
  }

  trial(command: C, envelope = this.#envelope(command)): Turn<C, S, E, R, O, Row> {
    const { after, answers, commits, intents } = this.#decide([envelope])
    const [answer] = answers
    const commit = commits[0] ?? null
    if (answer === undefined || answers.length !== 1 || commits.length > 1)
      throw new Error("one command, one answer, one commit")
    const row = commit === null ? this.row : (commit.row as Row | null)
    return { command, before: this.memory, after, answer, commit, intents, rowBefore: this.row, row }
  }

  /** All in one batch, stored as one. */
  askTogether(envelopes: ReadonlyArray<Envelope<C>>): ReadonlyArray<BatchAnswer<R, O>> {
    const from = this.memory.version
    const { after, answers, commits } = this.#decide(envelopes)
    for (const commit of commits) {
      this.stored.push(...throughJson(commit.events).map((event, i) => ({ ...event, version: from + i + 1 })))
      this.row = commit.row as Row | null
    }
    this.memory = after
    return answers
  }

  #decide(envelopes: ReadonlyArray<Envelope<C>>) {
    const [first] = envelopes
    if (first === undefined) throw new Error("an empty batch")
    const key = streamKey(first.tenantId, this.#aggregate.streamOf(first.command))
    const loaded = { cached: [], streams: new Map([[key, this.memory]]), receipts: new Map() }
    const requests = envelopes.map((one) => requestOf(this.#aggregate.streamOf, one))
    const decided = decideBatch(this.#aggregate, requests, loaded, 1_000)
    return { ...decided, after: decided.streams.get(key)?.current ?? this.memory }
  }

  /** The aggregate as someone would find it who knows nothing but what was stored. */
  restored(): CachedStream<S, E> {
    return this.#restore(null)
  }

  /** The same, when the state was kept at the end of this turn and only what came after it is read. */
  restoredFrom({ after }: Turn<C, S, E, R, O, Row>): CachedStream<S, E> {
    // Whatever version it has, nothing before it was kept yet: so it is due.
    return this.#restore(throughJson(snapshotCodec(this.#aggregate).due(-1, after)))
  }

  #restore(snapshot: ReturnType<ReturnType<typeof snapshotCodec>["due"]>): CachedStream<S, E> {
    const { length: version } = this.stored
    const events = this.stored.slice(snapshot?.version ?? 0)
    const { sealed } = this.memory
    return restorer(this.#aggregate)({ version, snapshot, events, sealed, receipt: null })
  }
}
