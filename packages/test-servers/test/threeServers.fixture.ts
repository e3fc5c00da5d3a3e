/** A program that starts all three servers and then waits to be killed. Prints their process ids and directories as one line of JSON. */
import { temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { startNats } from "@dueline/test-servers/startNats"
import { startPostgres } from "@dueline/test-servers/startPostgres"
import { startRedis } from "@dueline/test-servers/startRedis"

const begun = [startNats, startRedis, startPostgres].map(async (start) => {
  const directory = await temporaryDirectory()
  const server = await start({ directory })
  return { pid: server.pid, directory }
})
process.stdout.write(`${JSON.stringify(await Promise.all(begun))}\n`)
setInterval(() => undefined, 60_000)
