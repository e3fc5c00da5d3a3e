/** What happens to a test that needs a server this machine does not have. */

/** A server that cannot be had on this machine. The message says what was tried and what to do about it. */
export class ServerMissing extends Error {
  override readonly name = "notTested"
}

/**
 * Says on standard error what is not tested and why, and answers with the reason, for `describe.skipIf`. With `CI=true` it throws instead:
 * a run whose verdict is taken for the whole must not be green about what it never ran.
 */
export const notTested = (what: string, why: string, env: NodeJS.ProcessEnv = process.env): string => {
  const line = `NOT TESTED: ${what}, because ${why}`
  if (acceptsUntested(env)) process.stderr.write(`${line}\n`)
  else throw new Error(`${line} CI=true does not accept that.`)
  return why
}

/** CI services set `CI=true`, and so does `.ci/run`. */
export const acceptsUntested = (env: NodeJS.ProcessEnv = process.env): boolean => env["CI"] !== "true"
