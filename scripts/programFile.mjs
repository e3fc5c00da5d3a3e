/**
 * Where the program as one file is (`bundle.ts` makes it): it starts in less than half of the time its thousand modules take. One for
 * each state of the sources, so that none is ever older than what it was made of.
 *
 * Plain JavaScript for old versions of Node, as `bootstrap.mjs` is.
 */
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"

/** Earlier ones are kept for programs that still run: they load some parts only when those are asked for. */
const kept = 4

/** Of each package: what `bundle.ts` puts into the program. */
const sourceFolders = ["src", "migrations", "functions"]
/** Beside them, of a package that is shown in a browser. */
const pageFiles = ["index.html", "vite.config.ts"]

/** Makes it if it is not there. Null when that fails, with the reason on standard error: then the sources can be run as they are. */
export function programFile(root, toolchain, dependencies, say) {
  const folder = join(root, ".cache", "program")
  const name = fingerprint(root, dependencies)
  const file = join(folder, name, "main.mjs")
  if (existsSync(file)) return file
  say("putting the program together (only when its sources changed)")
  const made = spawnSync(toolchain.node, [join(root, "scripts", "bundle.ts"), join(folder, name)], { encoding: "utf8" })
  if (made.status !== 0 || !existsSync(file)) {
    say("the program could not be put together: running its sources, which takes longer to start")
    process.stderr.write([made.stdout, made.stderr, made.error?.message].filter(Boolean).join("\n") + "\n")
    return null
  }
  forgetOld(folder)
  return file
}

/** By content and not by time: a checkout that goes back and forth finds what it had. By place too: addresses of sources are in it. */
function fingerprint(root, dependencies) {
  const hash = createHash("sha256")
    .update(`${root}\n${dependencies}\n`)
    .update(readFileSync(join(root, "scripts", "bundle.ts")))
  const packages = join(root, "packages")
  for (const name of readdirSync(packages).sort()) {
    for (const file of pageFiles) {
      const page = join(packages, name, file)
      if (existsSync(page)) hash.update(`\n${name}/${file}\n`).update(readFileSync(page))
    }
    for (const folder of sourceFolders) {
      const sources = join(packages, name, folder)
      if (!existsSync(sources)) continue
      for (const file of readdirSync(sources, { recursive: true }).sort()) {
        if (!/\.(tsx?|sql|css|svg)$/.test(file)) continue
        hash.update(`\n${name}/${folder}/${file}\n`).update(readFileSync(join(sources, file)))
      }
    }
  }
  return hash.digest("hex").slice(0, 16)
}

function forgetOld(folder) {
  // One that somebody else has just forgotten is as old as can be.
  const madeAt = (name) => statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const newestFirst = readdirSync(folder).sort((a, b) => madeAt(b) - madeAt(a))
  for (const name of newestFirst.slice(kept)) rmSync(join(folder, name), { recursive: true, force: true })
}
