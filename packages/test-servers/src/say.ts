/** One line for whoever waits in front of a terminal: fetching a server takes a while. */
export const say = (line: string): void => {
  process.stderr.write(`dueline: ${line}\n`)
}
