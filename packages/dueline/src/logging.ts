/** Log lines: one JSON object each for machines, one readable line each in a terminal; the same fields in both. */
import { CurrentLogModule, type LogModule, logModules } from "@dueline/contracts/telemetry/logModules"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { Cause, Layer, Logger, References } from "effect"
import type { Settings } from "./Configuration.ts"
import { entriesOf } from "./listSettings.ts"
import { withSources } from "./sourceLines.ts"

/** Lines of one kind that are written at once. */
const burst = 20
/** Until one more may be written. */
const everyMs = 1_000
/** Kinds that are remembered; beyond it all are forgotten, which costs a burst for each. */
const kindLimit = 10_000

interface Kind {
  tokens: number
  filledAt: number
  suppressed: number
}

/** Ids, numbers and quoted texts are what differs between lines of one kind. */
const kindOf = (message: string): string =>
  message.slice(0, 200).replace(/[0-9a-f]{8}-[0-9a-f-]{27}|"[^"]*"|\S*\d\S*/gu, "#")

/**
 * What one tenant may cause in the log: so many lines of a kind at once and one more every second, and then a line that says how many were
 * left out. Lines that name no tenant are bounded in the same way, all together by kind. Plain data structure, times in milliseconds.
 */
export class LogBounds {
  readonly #kinds = new Map<string, Kind>()

  /** Null: leave the line out. Otherwise write it; the number is how many of its kind were left out since the last that was written. */
  admit(tenantId: string, level: string, message: string, now: number): number | null {
    const key = `${tenantId} ${level} ${kindOf(message)}`
    let kind = this.#kinds.get(key)
    if (kind === undefined) {
      if (this.#kinds.size >= kindLimit) this.#kinds.clear()
      kind = { tokens: burst, filledAt: now, suppressed: 0 }
      this.#kinds.set(key, kind)
    }
    const passedMs = Math.max(0, now - kind.filledAt)
    kind.tokens = Math.min(burst, kind.tokens + passedMs / everyMs)
    kind.filledAt = now
    if (kind.tokens < 1) {
      kind.suppressed += 1
      return null
    }
    kind.tokens -= 1
    const { suppressed } = kind
    kind.suppressed = 0
    return suppressed
  }
}

interface Line {
  readonly ts: string
  readonly level: string
  readonly msg: string
  readonly [field: string]: unknown
}

const maxLines = 30
const maxCharacters = 4_000

/** Where it happened is in the first lines; the rest would only fill the log. */
const bounded = (stack: string): string => {
  const lines = stack.split("\n")
  const kept = lines.slice(0, maxLines).join("\n").slice(0, maxCharacters)
  return lines.length > maxLines ? `${kept}\n… ${lines.length - maxLines} more lines` : kept
}

/** `tenantId`, `serviceCallId` and `correlationId` come as annotations and stand flat in the line. */
const lineOf = ({ cause, date, fiber, logLevel, message }: Logger.Options<unknown>): Line => {
  const parts = Array.isArray(message) ? message : [message]
  const words = parts.filter((part) => typeof part !== "object" || part === null)
  const objects = parts.filter((part): part is object => typeof part === "object" && part !== null)
  const part = fiber.getRef(CurrentLogModule)
  const causes = objects.filter(Cause.isCause)
  const fields = Object.assign({}, ...objects.filter((part) => !Cause.isCause(part)))
  const trouble = [cause, ...causes]
    .filter(({ reasons }) => reasons.length > 0)
    .map((each) => withSources(bounded(Cause.pretty(each))))
  return {
    ts: date.toISOString(),
    level: logLevel.toLowerCase(),
    msg: words.map(String).join(" "),
    ...(part === null ? {} : { module: part }),
    ...fiber.getRef(References.CurrentLogAnnotations),
    ...fields,
    ...(trouble.length > 0 ? { err: trouble.join("\n") } : {})
  }
}

/** Writes what its tenant may still cause, and in the next line of the same kind how many were left out. */
const withinBounds = (write: (line: Line) => void) => {
  const bounds = new LogBounds()
  return Logger.make<unknown, void>((options) => {
    const line = lineOf(options)
    const left = bounds.admit(String(line["tenantId"] ?? ""), line.level, line.msg, options.date.getTime())
    options.fiber
      .getRef(Metrics)
      .logLines.of(left === null ? "suppressed" : line.level)
      .add()
    if (left !== null) write(left === 0 ? line : { ...line, suppressed: left })
  })
}

/** Logs go to standard error: standard output belongs to what a command was asked to print. */
const json = (line: Line): void => void process.stderr.write(`${JSON.stringify(line)}\n`)

const colours: Readonly<Record<string, string>> = {
  debug: "\x1b[90m",
  info: "\x1b[36m",
  warn: "\x1b[33m",
  error: "\x1b[31m"
}

const pretty = ({ err, level, msg, ts, ...fields }: Line): void => {
  const rest = Object.entries(fields).map(
    ([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`
  )
  const coloured = process.stderr.isTTY ? `${colours[level] ?? ""}${level}\x1b[0m` : level
  process.stderr.write(
    `${ts.slice(11, 23)} ${coloured} ${msg}${rest.join("")}${err === undefined ? "" : `\n${String(err)}`}\n`
  )
}

const levels = { debug: "Debug", info: "Info", warn: "Warn", error: "Error" } as const
type Level = keyof typeof levels

const isLevel = (text: string): text is Level => Object.hasOwn(levels, text)
const isModule = (text: string): text is LogModule => (logModules as ReadonlyArray<string>).includes(text)

/** `info,executor=debug`: the level of all, and of parts that have their own. Throws an error that says what may stand there. */
export const readLogLevels = (text: string): { readonly all: Level; readonly own: ReadonlyMap<LogModule, Level> } => {
  let all: Level | null = null
  const own = new Map<LogModule, Level>()
  for (const entry of entriesOf(text)) {
    const [name = "", level, ...more] = entry.split("=").map((part) => part.trim())
    if (level === undefined && isLevel(name) && all === null) all = name
    else if (level !== undefined && isLevel(level) && isModule(name) && !own.has(name) && more.length === 0)
      own.set(name, level)
    else {
      throw new Error(
        `"${entry}": write one level for all (${Object.keys(levels).join(", ")}), and part=level for parts that differ, each once: ` +
          logModules.join(", ")
      )
    }
  }
  return { all: all ?? "info", own }
}

/** What the layer makes and what it begins is of this part: its lines say so, and it has the part's level. */
export const asModule = ({ LOG_LEVEL }: Pick<Settings, "LOG_LEVEL">) => {
  const { all, own } = readLogLevels(LOG_LEVEL)
  return (name: LogModule) => {
    const references = Layer.merge(
      Layer.succeed(CurrentLogModule, name),
      Layer.succeed(References.MinimumLogLevel, levels[own.get(name) ?? all])
    )
    return <A, E, R>(layer: Layer.Layer<A, E, R>): Layer.Layer<A, E, R> => Layer.provide(layer, references)
  }
}

export const layer = ({ LOG_FORMAT, LOG_LEVEL }: Pick<Settings, "LOG_FORMAT" | "LOG_LEVEL">) => {
  const readable = LOG_FORMAT === "pretty" || (LOG_FORMAT === "auto" && process.stderr.isTTY)
  return Layer.merge(
    Logger.layer([withinBounds(readable ? pretty : json)]),
    Layer.succeed(References.MinimumLogLevel, levels[readLogLevels(LOG_LEVEL).all])
  )
}
