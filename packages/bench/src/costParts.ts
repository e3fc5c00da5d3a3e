/** The parts that a call's cost is told by: in the program by the place of its sources, in the database by its statements. */
import type { Stage } from "./profile.ts"

export const programParts: ReadonlyArray<Stage> = [
  { name: "telemetry", where: /\/telemetry\// },
  { name: "messages to consumers", where: /orchestration\/src\/dispatcher\/|memory\/EventBusMemory|PostgresOutbox/u },
  {
    name: "audit, counters, feed",
    where: /packages\/audit\/|SealedTree|PostgresOverviews|callCounts|countCommits|[Ll]ive/u
  },
  { name: "tokens and ids", where: /packages\/identity\//u },
  { name: "edge: requests and answers", where: /packages\/api\/|node:_http_(?:server|incoming|common)/u },
  { name: "writer", where: /orchestration\/src\/(?:engine\/|Writers)/u },
  { name: "decisions", where: /packages\/orchestration\//u },
  { name: "parameters of commits", where: /packages\/postgres\/src\/(?:write|schema)\//u },
  { name: "driver", where: /packages\/postgres\/|\/sql-pg\/|effect\/\S*\/sql\//u },
  { name: "timer and due loop", where: /packages\/timer\//u },
  { name: "executor", where: /packages\/execution\//u },
  { name: "HTTP out", where: /\/undici\//u },
  { name: "collection of garbage", where: /^\(garbage collector\)$/u }
]

export interface StatementPart {
  readonly name: string
  readonly text: RegExp
}

/** Of what stands in `dueline.commit_batch`, `add_calls` and `step_calls`. */
export const commitParts: ReadonlyArray<StatementPart> = [
  { name: "commit: events", text: /^insert into dueline\.events\b/u },
  { name: "commit: rows begun", text: /^insert into dueline\.service_calls\b/u },
  { name: "commit: rows stepped", text: /^update dueline\.service_calls k\b/u },
  { name: "commit: outbox", text: /^insert into dueline\.outbox\b/u },
  { name: "commit: receipts", text: /^insert into dueline\.receipts\b/u }
]

/** Of whole statements. What is left of a commit is its call, its parameters, and the commit itself. */
export const statementParts: ReadonlyArray<StatementPart> = [
  { name: "commit: the rest", text: /\bdueline\.commit_batch\(/u },
  { name: "loading for decisions", text: /\bdueline\.load_batch\(/u },
  { name: "outbox claimed and settled", text: /\bdueline\.(?:claim_outbox|settle_outbox|outbox_floor)\(/u },
  { name: "audit", text: /\bdueline\.(?:unsealed|seal|keep_checkpoint)\(/u },
  { name: "counters of the overview", text: /\bdueline\.count_calls\(/u }
]
export const otherStatements = "looks, leases, sweeps, lists"
