/**
 * Where each program comes from (servers, and the client of the demos), in this order: the environment's word for it, the machine, what was
 * fetched earlier, and last the system's package archive.
 */
import { chmodSync, existsSync, globSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { cacheDirectory } from "./ServerAccount.ts"
import { isExecutable, judged, librariesOf, onPath, type ServerBinary } from "./ServerBinary.ts"
import { ServerMissing } from "./notTested.ts"
import { unpackPackages, type Wanted } from "./unpackPackages.ts"

/** What one program needs to be found. */
interface Search {
  readonly name: string
  readonly minimum: string
  /** The environment variable that names it, and what it names. */
  readonly variable: string
  readonly named: (value: string) => string
  readonly onMachine: () => ReadonlyArray<string>
  readonly wanted: Pick<Wanted, "packages" | "suite" | "withLibraries" | "complete">
  /** The program in an unpacked tree, and what it needs in its environment beside its libraries. */
  readonly inTree: (tree: string) => string | undefined
  readonly environmentOf?: (tree: string) => Readonly<Record<string, string>>
}

/** Rejects with `ServerMissing`. */
export const find = async (search: Search): Promise<ServerBinary> => {
  const { minimum, name, variable } = search
  const advice = `Install ${name} ${minimum} or later, or name it in ${variable}.`
  const missing = (tried: ReadonlyArray<string>) =>
    new ServerMissing(`${name} cannot be had: ${tried.join("; ")}. ${advice}`)
  const value = process.env[variable]
  if (value !== undefined && value !== "") {
    const found = await judged(search.named(value), minimum)
    if (typeof found === "string") throw missing([`${variable} names it, and ${found}`])
    return found
  }
  const tried: Array<string> = []
  for (const path of search.onMachine()) {
    const found = await judged(path, minimum)
    if (typeof found !== "string") return found
    tried.push(found)
  }
  if (tried.length === 0) tried.push("it is not installed")
  const fetched = await fetch(search).catch((cause: unknown) =>
    cause instanceof Error ? cause.message : String(cause)
  )
  if (typeof fetched !== "string") return fetched
  throw missing([...tried, fetched])
}

/** From the cache, filled first when it is empty or holds one that is too old. Resolves to a clause when that does not help. */
const fetch = async (search: Search): Promise<ServerBinary | string> => {
  const tree = join(cacheDirectory(), search.name)
  const now = () => unpacked(search, tree)
  const earlier = await now()
  if (typeof earlier !== "string") return earlier
  await unpackPackages({ ...search.wanted, name: search.name, tree }, async () => typeof (await now()) !== "string")
  return now()
}

const unpacked = async (search: Search, tree: string): Promise<ServerBinary | string> => {
  const path = existsSync(tree) ? search.inTree(tree) : undefined
  if (path === undefined) return `${tree} does not hold it`
  return judged(path, search.minimum, { ...librariesOf(tree), ...search.environmentOf?.(tree) })
}

/** 2.12 is the first that can schedule messages; Debian's stable is older, its testing suite is not. */
export const findNats = (): Promise<ServerBinary> =>
  find({
    name: "nats-server",
    minimum: "2.12",
    variable: "DUELINE_NATS_SERVER",
    named: (value) => value,
    onMachine: () => onPath("nats-server"),
    wanted: { packages: async () => ["nats-server"], suite: "forky" },
    inTree: (tree) => join(tree, "usr", "sbin", "nats-server")
  })

export const findRedis = (): Promise<ServerBinary> =>
  find({
    name: "redis-server",
    minimum: "7.0",
    variable: "DUELINE_REDIS_SERVER",
    named: (value) => value,
    onMachine: () => onPath("redis-server"),
    wanted: { packages: async () => ["redis-server", "redis-tools"] },
    inTree: (tree) => join(tree, "usr", "bin", "redis-server")
  })

/** The stable suite's: what Debian keeps for years, and with it the rules of an old one, which are the strictest. */
export const findPgbouncer = (): Promise<ServerBinary> =>
  find({
    name: "pgbouncer",
    minimum: "1.18",
    variable: "DUELINE_PGBOUNCER",
    named: (value) => value,
    onMachine: () => onPath("pgbouncer"),
    wanted: { packages: async () => ["pgbouncer"] },
    inTree: (tree) => join(tree, "usr", "sbin", "pgbouncer")
  })

/** Resolves to `postgres`; `initdb` stands beside it. Only one with PostGIS is found without being named. */
export const findPostgres = (): Promise<ServerBinary> =>
  find({
    name: "postgresql-postgis",
    minimum: "15",
    variable: "DUELINE_POSTGRES_BIN",
    named: (value) => join(value, "postgres"),
    onMachine: () => newest("/").filter(hasPostgis),
    wanted: { packages: postgresPackages, complete: linkExtensions },
    inTree: (tree) => newest(tree).find(hasPostgis),
    environmentOf: (tree) => ({ PROJ_LIB: join(tree, "usr/share/proj"), PROJ_DATA: join(tree, "usr/share/proj") })
  })

const major = (path: string) => Number(/postgresql\/(\d+)\//.exec(path)?.[1] ?? 0)

const newest = (tree: string): ReadonlyArray<string> => [
  ...globSync(join(tree, "usr/lib/postgresql/*/bin/postgres")).sort((a, b) => major(b) - major(a)),
  ...(tree === "/" ? onPath("postgres").map((path) => realpathSync(path)) : [])
]

const hasPostgis = (path: string): boolean =>
  isExecutable(join(path, "..", "initdb")) &&
  [`../../../share/postgresql/${major(path)}`, "share/postgresql", "share"].some((share) =>
    existsSync(join(path, "..", "..", share, "extension", "postgis.control"))
  )

const postgresPackages: Wanted["packages"] = async (available) => {
  const found = (await available("postgresql-")).flatMap((name) => /^postgresql-(\d+)-postgis-3$/.exec(name)?.[1] ?? [])
  const version = Math.max(...found.map(Number))
  if (version < 15) throw new Error("the package archive has no PostgreSQL 15 or later with PostGIS")
  const postgis = `postgresql-${version}-postgis-3`
  const scripts = (await available(postgis)).filter((name) => name === `${postgis}-scripts`)
  return [`postgresql-${version}`, `postgresql-client-${version}`, postgis, ...scripts]
}

/** An installation gives the extensions, whose files end in their major version, the names under which they are created. */
const linkExtensions = (tree: string): void => {
  for (const file of globSync(join(tree, "usr/share/postgresql/*/extension/*-3.control"))) {
    const plain = file.replace(/-3\.control$/, ".control")
    if (!existsSync(plain)) symlinkSync(basename(file), plain)
  }
}

/**
 * The client of `scripts/demo`; the first that takes a body as an argument (`--raw`) is 2.5. It is a script of Python: what was unpacked is
 * run by the Python of the system's packages, since those were made for it, whichever Python is first on the PATH.
 */
export const findHttpie = (): Promise<ServerBinary> =>
  find({
    name: "httpie",
    minimum: "2.5",
    variable: "DUELINE_HTTPIE",
    named: (value) => value,
    onMachine: () => onPath("http"),
    wanted: { packages: async () => ["httpie"], complete: addHttpScript },
    inTree: (tree) => join(tree, "bin", "http")
  })

/** Python comes along only where the system's own is not installed. Nothing of the caller's Python settings reaches it. */
const httpScript = `#!/bin/sh
tree=$(cd "$(dirname "$0")/.." && pwd)
python=$tree/usr/bin/python3
[ -x "$python" ] || python=/usr/bin/python3
for libraries in "$tree"/lib/*-linux-* "$tree"/usr/lib/*-linux-*; do
  [ ! -d "$libraries" ] || LD_LIBRARY_PATH=$libraries\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
done
[ -z "\${LD_LIBRARY_PATH:-}" ] || export LD_LIBRARY_PATH
unset PYTHONHOME
export PYTHONPATH="$tree/usr/lib/python3/dist-packages"
exec "$python" -s -m httpie "$@"
`

const addHttpScript = (tree: string): void => {
  mkdirSync(join(tree, "bin"), { recursive: true })
  writeFileSync(join(tree, "bin", "http"), httpScript)
  chmodSync(join(tree, "bin", "http"), 0o755)
}

const prometheusTool = (name: "prometheus" | "promtool", variable: string): Promise<ServerBinary> =>
  find({
    name,
    minimum: "2.40",
    variable,
    named: (value) => value,
    onMachine: () => onPath(name),
    wanted: { packages: async () => [name], suite: "forky" },
    inTree: (tree) => join(tree, "usr", "bin", name)
  })

export const findPrometheus = (): Promise<ServerBinary> => prometheusTool("prometheus", "DUELINE_PROMETHEUS")

/** Judges metrics, alerts and their tests. */
export const findPromtool = (): Promise<ServerBinary> => prometheusTool("promtool", "DUELINE_PROMTOOL")

/** Judges `docker-compose.yml`; without Docker itself it can do no more. The machine's own is asked as `docker compose`. */
export const findCompose = (): Promise<ServerBinary> =>
  find({
    name: "docker-compose",
    minimum: "2.24",
    variable: "DUELINE_DOCKER_COMPOSE",
    named: (value) => value,
    onMachine: () => [
      ...onPath("docker-compose"),
      ...globSync("{/usr/lib,/usr/libexec,/usr/local/lib,/usr/local/libexec}/docker/cli-plugins/docker-compose")
    ],
    wanted: { packages: async () => ["docker-compose"], suite: "forky" },
    inTree: (tree) =>
      globSync(join(tree, "usr/{bin,libexec/docker/cli-plugins,lib/docker/cli-plugins}/docker-compose"))[0]
  })
