/**
 * PostgreSQL of one major version with all its programs, for what leads from one to another: of a named suite of the machine's package
 * archive, without its security updates, since of two suites one may have them before the other, and `pg_upgrade` wants a new server that
 * was not released before the old one. Every library is brought along, the C library too, and each program is started by their linker.
 */
import { chmodSync, globSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { find } from "./findServer.ts"
import type { ServerBinary } from "./ServerBinary.ts"

/** Where the program says that it is, it looks for the others, and starts them in turn. */
const started = `#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
for linker in "$here"/../../../*-linux-*/ld-linux*.so.* "$here"/../../../../../lib/*-linux-*/ld-linux*.so.*; do
  [ -e "$linker" ] || continue
  kind=$(basename "$(dirname "$linker")")
  libraries=$here/../../../$kind:$here/../../../../../lib/$kind
  exec "$linker" --library-path "$libraries" --argv0 "$0" "$here/../program/$(basename "$0")" "$@"
done
`

const startThrough = (tree: string): void => {
  // Where it is not there, nothing is compiled, and its library, which is as large as all the rest, is not needed.
  for (const compiler of globSync(join(tree, "usr/lib/postgresql/*/lib/llvmjit*.so"))) rmSync(compiler)
  for (const program of globSync(join(tree, "usr/lib/postgresql/*/bin/*"))) {
    const folder = join(dirname(program), "..", "program")
    mkdirSync(folder, { recursive: true })
    renameSync(program, join(folder, basename(program)))
    writeFileSync(program, started)
    chmodSync(program, 0o755)
  }
}

/** Resolves to `postgres` without PostGIS, beside which `pg_upgrade` stands. Rejects with `ServerMissing`. */
export const findPostgresOf = (major: number, suite: string): Promise<ServerBinary> =>
  find({
    name: `postgresql-${major}`,
    minimum: String(major),
    variable: `DUELINE_POSTGRES_${major}_BIN`,
    named: (value) => join(value, "postgres"),
    onMachine: () => [],
    wanted: {
      packages: async () => [`postgresql-${major}`, `postgresql-client-${major}`],
      suite,
      withLibraries: true,
      complete: startThrough
    },
    inTree: (tree) => join(tree, "usr/lib/postgresql", String(major), "bin/postgres"),
    // Each program finds its libraries by itself, and the shell that starts it must not find them.
    environmentOf: () => ({ LD_LIBRARY_PATH: "" })
  })
