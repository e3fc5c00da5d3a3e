/** The keys that followed the first one which checkpoints were signed with, in one file that only its owner can read: the last one signs. */
// oxlint-disable-next-line eslint/no-restricted-imports -- a key comes from the operating system: a seed must not replay it
import { randomBytes } from "node:crypto"
import { readFile } from "node:fs/promises"
import { isOpenToOthers, placeAnew } from "./secretFiles.ts"

const seedBytes = 32

/** None where there is no file. Throws an error that says what to do, never a key. */
export const readAuditSeeds = async (path: string): Promise<ReadonlyArray<Uint8Array>> => {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return null
    throw error
  })
  if (text === null) return []
  if (await isOpenToOthers(path)) throw new Error(`${path} can be read by others; make it 0600`)
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
  if (!lines.every((line) => /^[0-9a-f]{64}$/u.test(line)))
    throw new Error(`${path} holds a line that is not a key of ${seedBytes * 2} hexadecimal digits`)
  return lines.map((line) => Buffer.from(line, "hex"))
}

/** Adds a key, which signs from then on. The file is there whole or as it was. */
export const addAuditSeed = async (path: string): Promise<void> => {
  const seeds = [...(await readAuditSeeds(path)), randomBytes(seedBytes)]
  const lines = seeds.map((seed) => Buffer.from(seed).toString("hex"))
  const head = "# Keys of the audit log's checkpoints, hexadecimal, the last one signs. Copy it to every home."
  await placeAnew(path, `${[head, ...lines].join("\n")}\n`)
}
