/** The servers of a full test run, one of each kind; they end with the run, also when the run is ended from outside. */
import start from "../packages/postgres/src/testing/testServer.ts"
import { startShared } from "../packages/test-servers/src/sharedServers.ts"

export default async (): Promise<() => Promise<void>> => {
  const begun = await Promise.allSettled([start(), startShared()])
  const stops = begun.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []))
  const stop = async () => void (await Promise.all(stops.map((stop) => stop())))
  const failed = begun.find((outcome) => outcome.status === "rejected")
  if (failed !== undefined) {
    await stop()
    throw failed.reason
  }
  const stopNow = () => {
    void stop().finally(() => process.exit(130))
  }
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stopNow)
  return async () => {
    for (const signal of ["SIGINT", "SIGTERM"]) process.removeListener(signal, stopNow)
    await stop()
  }
}
