/** Puts the first signing key into a directory that several programs may find empty at once. */
import { link, mkdtemp, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"

export const firstKeyFile = "rs256-0001.pem"

/**
 * Written whole in a place of its own and then linked: of programs that start at once, one wins and all read its key.
 * A process number would not do to tell the places apart: programs in containers that share the directory are all number 1.
 */
export const placeFirstKey = async (directory: string, pem: string): Promise<void> => {
  const aside = await mkdtemp(join(directory, "draft-"))
  const draft = join(aside, firstKeyFile)
  try {
    await writeFile(draft, pem, { mode: 0o600, flush: true })
    await link(draft, join(directory, firstKeyFile))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
  } finally {
    await rm(aside, { recursive: true })
  }
}
