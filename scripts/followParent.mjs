/** Ends this process gracefully when the one that started it is gone, even if that one was killed without warning. */
import { Socket } from "node:net"

const parentPipe = 3

const parent = new Socket({ fd: parentPipe }).unref()
parent
  .on("error", () => undefined)
  .on("close", () => process.kill(process.pid, "SIGTERM"))
  .resume()
