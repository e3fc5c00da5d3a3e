/** Refuses anything at the top of the repository beyond the few names a reader has to know. */
import { readdirSync } from "node:fs"

const names = new Set([
  "package.json",
  "pnpm-workspace.yaml",
  "pnpm-lock.yaml",
  "tsconfig.base.json",
  "packages",
  "docs",
  "decisions",
  "docker-compose.yml",
  "scripts",
  "README.md",
  "node_modules"
])

/** Names at the top of `root` that do not belong there; dot files are tools' own business. */
export const strangersAtTop = (root: string): ReadonlyArray<string> =>
  readdirSync(root).filter((name) => !name.startsWith(".") && !names.has(name))
