/** Any failure of a command as one line, what is wrong field by field, and what to do. Never a stack trace. */
import type { FieldProblem, ProblemBody } from "@dueline/contracts/api/Problem"
import { serverWords } from "@dueline/postgres/SqlFailure"
import { Effect, Predicate, Schema } from "effect"
import { isSqlError } from "effect/sql/SqlError"

export interface FailureReport {
  readonly message: string
  readonly notes: ReadonlyArray<string>
  readonly exitCode: number
  /** What `--json` prints as `error`. */
  readonly detail: unknown
}

const advice: Readonly<Record<string, string>> = {
  unauthenticated: "get a token with `dueline token` and give it as --token or DUELINE_TOKEN",
  insufficient_scope: "get a token with the scope: `dueline token` makes one with all of them",
  unknown_tenant: "see which tenants there are with `dueline tenant list`, make one with `dueline tenant create NAME`",
  version_mismatch: "look at it with `dueline call show`, then try again",
  if_match_required: "say which version you mean with --if-match, e.g. --if-match '\"3\"'",
  call_not_found: "see which calls there are with `dueline call list`",
  overloaded: "try again in a moment",
  unavailable: "try again in a moment, with the same --key"
}

const startIt = "start it with `npm start`, or name another one with --server"
const checkServer = "check --server and DUELINE_SERVER"
const lookFirst = "what was asked may have happened: look before you repeat it, or repeat it with the same --key"

/** How a problem begins: enough of it to be sure that a Dueline answered. */
const Answer = Schema.Struct({
  title: Schema.String,
  detail: Schema.String,
  code: Schema.String,
  correlationId: Schema.String,
  errors: Schema.optionalKey(Schema.Array(Schema.Struct({ path: Schema.String, message: Schema.String })))
})
type Answer = Pick<ProblemBody, "title" | "detail"> & {
  readonly code: string
  readonly correlationId: string
  readonly errors?: ReadonlyArray<Pick<FieldProblem, "path" | "message">>
}

const isAnswer = Schema.is(Answer)

export const describeFailure = (error: unknown): Effect.Effect<FailureReport> => {
  if (isAnswer(error)) return Effect.succeed(ofProblem(error))
  if (Predicate.isTagged(error, "CommandFailed")) return Effect.succeed(ofCommand(error))
  // Requests are checked before they are sent, so this is about an answer.
  if (Schema.isSchemaError(error)) return Effect.succeed(unknownAnswer(undefined, "this address"))
  if (Predicate.isTagged(error, "HttpClientError")) return ofTransport(error)
  if (Predicate.isTagged(error, "ServeError")) return Effect.succeed(ofListening(error))
  return Effect.succeed(ofStatement(error) ?? plain(messageOf(error)))
}

/** SQLSTATE of a function, a table or a column that is not there. */
const isNotThere = /^(?:42883|42P01|42703)$/u

/** Null for what no server of a database has said. */
const ofStatement = (error: unknown): FailureReport | null => {
  const failed = causes(error).find(isSqlError)
  if (failed === undefined) return null
  const { code, message } = serverWords(failed)
  if (code === "") return null
  const notes = isNotThere.test(code)
    ? ["a program of another version keeps this database: restart it with this one, or use the command of its version"]
    : []
  return plain(`The database answered: ${message} (SQLSTATE ${code})`, ...notes)
}

/** The program could not listen. */
const ofListening = (error: object): FailureReport => {
  const cause = causes(error).find((each) => Predicate.hasProperty(each, "code"))
  const { address, code = "", hostname, port } = (cause ?? {}) as ListenTrouble
  const where = address === undefined ? "the address that HOST and PORT name" : `${address}:${port ?? "?"}`
  if (code === "EADDRINUSE") return plain(`Another program listens on ${where} already`, "stop it, or set PORT")
  if (code === "EACCES") return plain(`Listening on ${where} is not allowed`, "set PORT to one above 1023")
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND" || code === "EAI_AGAIN" || code === "EINVAL") {
    return plain(
      `This machine has no address ${hostname ?? address ?? "like the one in HOST"} to listen on`,
      "set HOST to an address of this machine: 127.0.0.1 for this machine alone, 0.0.0.0 for every network it is in"
    )
  }
  const why = code === "" ? messageOf(causes(error).at(-1)) : code
  return plain(`Listening on ${where} failed: ${why}`, "set HOST and PORT to an address and a port that are free")
}

interface ListenTrouble {
  readonly address?: string
  readonly code?: string
  /** Of a name that was looked up. */
  readonly hostname?: string
  readonly port?: number
}

const plain = (message: string, ...notes: ReadonlyArray<string>): FailureReport => ({
  message,
  notes,
  exitCode: 1,
  detail: { message, notes }
})

const messageOf = (error: unknown): string => {
  if (Predicate.hasProperty(error, "detail") && typeof error.detail === "string" && error.detail !== "")
    return error.detail
  if (error instanceof Error && error.message !== "") return error.message
  return Predicate.hasProperty(error, "_tag") ? String(error._tag) : String(error)
}

const ofProblem = ({ code, correlationId, detail, errors = [], title }: Answer): FailureReport => ({
  message: `${title.replace(/\.$/u, "")}: ${detail.replace(/\.$/u, "")} (code ${code}, correlation ${correlationId})`,
  notes: [
    ...errors.map(({ message, path }) => `${path}: ${message}`),
    ...(advice[code] === undefined ? [] : [advice[code]])
  ],
  exitCode: 1,
  detail: { title, detail, code, correlationId, ...(errors.length > 0 ? { errors } : {}) }
})

const ofCommand = (error: object): FailureReport => {
  const {
    exitCode = 1,
    message,
    notes = []
  } = error as { message: string; notes?: ReadonlyArray<string>; exitCode?: number }
  return { message, notes, exitCode, detail: { message, ...(notes.length > 0 ? { notes } : {}) } }
}

/** No answer, or one that this program's API definition does not know. */
const ofTransport = (error: object): Effect.Effect<FailureReport> => {
  const { reason, request } = error as {
    readonly reason?: unknown
    readonly request?: { readonly method: string; readonly url: string }
  }
  const server = request !== undefined && URL.canParse(request.url) ? new URL(request.url).origin : "this address"
  if (!Predicate.isTagged(reason, "TransportError"))
    return Effect.map(answerOf(reason), (answer) => answer ?? unknownAnswer(reason, server))
  const all = causes(reason)
  const codes = all.flatMap((cause) =>
    Predicate.hasProperty(cause, "code") && Predicate.isString(cause.code) ? [cause.code] : []
  )
  if (codes.includes("ECONNREFUSED")) return Effect.succeed(plain(`No program answers at ${server}`, startIt))
  if (codes.some((code) => code === "ENOTFOUND" || code === "EAI_AGAIN")) {
    return Effect.succeed(plain(`There is no host with the name in ${server}`, checkServer))
  }
  const why = codes[0] ?? messageOf(all.at(-1))
  if (why === "bad port") {
    const port = URL.canParse(server) ? new URL(server).port : ""
    return Effect.succeed(
      plain(
        `Nothing was asked at ${server}: HTTP clients never use port ${port}, which is kept for another protocol`,
        "name the address that the program printed when it started, with --server or DUELINE_SERVER"
      )
    )
  }
  const advised = request?.method === "GET" ? checkServer : lookFirst
  return Effect.succeed(plain(`The connection to ${server} failed: ${why}`, advised))
}

const causes = (error: unknown): ReadonlyArray<unknown> => {
  const found: Array<unknown> = []
  const visit = (each: unknown): void => {
    if (each === undefined || each === null || found.length >= 10) return
    found.push(each)
    if (each instanceof AggregateError) for (const inner of each.errors) visit(inner)
    if (Predicate.hasProperty(each, "cause")) visit(each.cause)
  }
  visit(error)
  return found
}

const answerOf = (reason: unknown): Effect.Effect<FailureReport | null> => {
  if (!Predicate.hasProperty(reason, "response") || !Predicate.hasProperty(reason.response, "json"))
    return Effect.succeed(null)
  const { json } = reason.response
  if (!Effect.isEffect(json)) return Effect.succeed(null)
  return (json as Effect.Effect<unknown, unknown>).pipe(
    Effect.map((body) => (isAnswer(body) ? ofProblem(body) : null)),
    Effect.orElseSucceed(() => null)
  )
}

const unknownAnswer = (reason: unknown, server: string): FailureReport => {
  const response = Predicate.hasProperty(reason, "response") ? reason.response : undefined
  const status = Predicate.hasProperty(response, "status") ? ` (HTTP ${String(response.status)})` : ""
  return plain(`What answers at ${server} is not Dueline, or another version of it${status}`, checkServer)
}
