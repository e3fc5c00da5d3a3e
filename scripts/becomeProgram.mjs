/** Hands this process over to the program, so that signals, output and the exit code are the program's own. */
import { spawn } from "node:child_process"

const repeatWindowMs = 1_000

/**
 * Becomes the program where the runtime can (`execve`). Elsewhere the program runs as a child in a session of its own,
 * so that Ctrl-C reaches it once, through here, and not a second time from the terminal or from npm.
 */
export function becomeProgram(node, programArgs, env) {
  if (typeof process.execve === "function" && process.platform !== "win32") {
    process.removeAllListeners("warning")
    process.execve(node, [node, ...programArgs], env)
  }
  const watched = ["--import", new URL("./followParent.mjs", import.meta.url).href, ...programArgs]
  const child = spawn(node, watched, {
    detached: true,
    env,
    stdio: ["inherit", "inherit", "inherit", "pipe"]
  })
  const last = {}
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      // A terminal's Ctrl-C arrives twice when npm forwards it too: one wish, one signal.
      const at = Date.now()
      if (at - (last[signal] ?? 0) > repeatWindowMs) child.kill(signal)
      last[signal] = at
    })
  }
  if (process.env.npm_lifecycle_event !== undefined) followNpm(child)
  child.on("error", (error) => {
    process.stderr.write(`dueline: could not start ${node}: ${error.message}\n`)
    process.exit(1)
  })
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

/** npm, or the shell it starts, can be killed without telling anyone below: its end is the program's end. */
function followNpm(child) {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    child.kill("SIGTERM")
  }, 1_000)
  watch.unref()
}
