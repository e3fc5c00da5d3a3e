/** The one way in which a test may be left out because this machine lacks what it needs. */

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
