/** Ties servers and their directories to the life of this process: a shell at the other end of a pipe sees when it is over. */
import { spawn } from "node:child_process"
import type { Writable } from "node:stream"
import { fileURLToPath } from "node:url"

let pipe: Writable | undefined

/** Started with the first server. In a session of its own: the terminal's interrupt is for the program, which stops its servers itself. */
const open = (): Writable => {
  const script = fileURLToPath(new URL("endWithParent.sh", import.meta.url))
  const shell = spawn("/bin/sh", [script], { detached: true, stdio: ["pipe", "ignore", "ignore"], cwd: "/" })
  shell.on("error", () => undefined)
  shell.unref()
  // When the shell is killed, servers are stopped only by the process that started them.
  shell.stdin.on("error", () => undefined)
  if ("unref" in shell.stdin && typeof shell.stdin.unref === "function") shell.stdin.unref()
  return shell.stdin
}

const tell = (line: string): void => {
  pipe ??= open()
  pipe.write(`${line}\n`)
}

export const endWithParent = (pid: number): void => tell(`watch ${pid}`)

/** Its number may soon be another process's. */
export const endedAlready = (pid: number): void => tell(`forget ${pid}`)

export const removeWithParent = (directory: string): void => tell(`remove ${directory}`)
