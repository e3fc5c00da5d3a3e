/** Reads `Prefer: wait=N` (RFC 7240). A preference that is not understood is passed over, as the RFC wants it. */

export const maxWaitSeconds = 30

const wait = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=$|[,;])/iu

/** Whole seconds, at most `maxWaitSeconds`; 0 when the caller does not want to wait. */
export const parseWait = (prefer: string | undefined): number => {
  const seconds = prefer === undefined ? undefined : wait.exec(prefer)?.[1]
  return seconds === undefined ? 0 : Math.min(Number(seconds), maxWaitSeconds)
}
