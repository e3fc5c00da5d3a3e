/** The URL of a call: how it is read, and which part of it limits go by. What of a call its alarm tells beside its name and its time. */
import { Result } from "effect"
import type { Alarm } from "../ports/Timer.ts"
import type { Flow } from "./Spec.ts"

// Reads the URL of a call, once and for all: what this makes of it is stored, shown, guarded and called.

/** Why a text is no URL to call. `detail` says what to do, and holds nothing of the text. */
interface TargetProblem {
  readonly code: "url_invalid" | "scheme_not_allowed" | "credentials_in_url"
  readonly detail: string
}

const problem = (code: TargetProblem["code"], detail: string): Result.Result<never, TargetProblem> =>
  Result.fail({ code, detail })

// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f-\u009f]/

/** Readers of URLs disagree about where a host ends that is written with a backslash, and drop control characters or do not. */
const beforeQuery = (text: string): string => /^[^?#]*/.exec(text)?.[0] ?? ""

/**
 * The parsed form, by the WHATWG URL standard: host in lower case and ASCII, default port left out, dots of the path resolved, no
 * fragment, since none is ever sent. Its `href` is parsed to itself.
 */
export const parseTarget = (text: string): Result.Result<URL, TargetProblem> => {
  if (control.test(text))
    return problem("url_invalid", "Take the control characters out of the URL, or percent-encode them.")
  if (text !== text.trim()) return problem("url_invalid", "Take the blanks at the ends of the URL away.")
  if (text.includes("\\") && beforeQuery(text).includes("\\"))
    return problem("url_invalid", "Write / instead of \\ in the URL, or %5C where a backslash is meant.")
  if (!text.isWellFormed())
    return problem("url_invalid", "The URL holds half of a character pair; send whole characters.")
  const url = URL.parse(text)
  if (url === null) return problem("url_invalid", "Give a whole URL such as https://example.com/path.")
  if (url.protocol !== "https:" && url.protocol !== "http:")
    return problem("scheme_not_allowed", "Only http and https URLs can be called.")
  if (text.includes("@") && (url.username !== "" || url.password !== "")) {
    return problem(
      "credentials_in_url",
      "Take user name and password out of the URL and send an authorization header instead."
    )
  }
  // Setting a part has the whole parsed again.
  if (text.includes("#")) url.hash = ""
  return Result.succeed(url)
}

/**
 * Host and port of a URL, in lower case: what limits and circuit breakers go by. `""` when the text is no URL. Whatever stands before
 * the last `@` of the authority is left out, since it may be a password. PostgresBacklog says the same in SQL. Of what `parseTarget`
 * gives it is the `host`; texts stored before that was asked may hold anything.
 */
export const targetOf = (url: string): string =>
  /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#]*@)?([^/?#]*)/i.exec(url)?.[1]?.toLowerCase() ?? ""

/** Of tags and flow only what there is something to say of, since most calls have neither. */
export const alarmParts = ({
  flow,
  request,
  tags
}: {
  readonly request: { readonly url: string }
  readonly tags: ReadonlyArray<string>
  readonly flow?: Flow | null
}): Pick<Alarm, "target" | "tags" | "flow"> => ({
  target: targetOf(request.url),
  ...(tags.length === 0 ? {} : { tags }),
  ...(flow === undefined || flow === null ? {} : { flow })
})
