/** One database server for a full test run; it ends with the run, also when the run is ended from outside. */
import start from "../packages/postgres/src/testServer.ts"

export default async (): Promise<() => Promise<void>> => {
  const stop = await start()
  const stopNow = () => {
    void stop().finally(() => process.exit(130))
  }
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stopNow)
  return async () => {
    for (const signal of ["SIGINT", "SIGTERM"]) process.removeListener(signal, stopNow)
    await stop()
  }
}
