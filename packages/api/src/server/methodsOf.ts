/** Which methods an address takes, so that a wrong one can be told from a wrong address. */
import { walkedApi } from "@dueline/contracts/api/Api"
import { HttpApi } from "effect/http-api"

export const documentPaths = [
  "/openapi.json",
  "/docs",
  "/redoc",
  "/redoc/redoc.standalone.js",
  "/console/callback"
] as const

interface Route {
  /** With names for its parts, as in the API's definition. */
  readonly path: string
  readonly pattern: RegExp
  readonly methods: ReadonlySet<string>
}

const collect = (): ReadonlyArray<Route> => {
  const byPath = new Map<string, Set<string>>()
  const add = (path: string, method: string) => {
    const methods = byPath.get(path) ?? new Set()
    byPath.set(path, methods.add(method))
    if (method === "GET") methods.add("HEAD")
  }
  HttpApi.reflect(walkedApi, { onGroup: () => {}, onEndpoint: ({ endpoint }) => add(endpoint.path, endpoint.method) })
  for (const path of documentPaths) add(path, "GET")
  return [...byPath].map(([path, methods]) => ({
    path,
    pattern: new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/:\w+/gu, "[^/]+").replace(/\/$/u, "")}/?$`, "u"),
    methods
  }))
}

const routes = collect()

/** Empty when there is nothing at this path. */
export const methodsOf = (path: string): ReadonlyArray<string> => {
  const methods = new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap((route) => [...route.methods]))
  return [...methods].sort()
}

/** What the API calls this address, with names in the place of ids; undefined when there is nothing. */
export const routeOf = (path: string): string | undefined => routes.find(({ pattern }) => pattern.test(path))?.path
