/** How a measurement says what it was measured on, and how it gets into its page. */
import { readFileSync, writeFileSync } from "node:fs"
import { cpus, totalmem } from "node:os"

/** Processor, memory, Node and day. */
export const machine = (): string => {
  const processor = `${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}`
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  return [processor, memory, `Node ${process.version}`, new Date().toISOString().slice(0, 10)].join(", ")
}

/** Puts the text between the page's marks for it. */
export const writeBetweenMarks = (page: URL, inserted: string, mark = "measured"): void => {
  const text = readFileSync(page, "utf8")
  const [start, end] = [`<!-- ${mark} -->`, `<!-- /${mark} -->`]
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  if (from < 0 || to < 0) throw new Error(`${page.pathname} has lost its marks "${mark}"`)
  writeFileSync(page, `${text.slice(0, from + start.length)}\n\n${inserted}\n\n${text.slice(to)}`)
}
