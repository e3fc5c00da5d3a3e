/**
 * The servers that a PostgreSQL URL names, each as a URL of its own, for a driver that connects to one address: a list as libpq takes it,
 * in the authority or as `host` and `port`. Or what of the URL this program would leave out silently, in words with what to do.
 */

/** More than anybody has; each is asked at once. */
const hostLimit = 16

/** `any` means the same here as the others do: this program is of no use on a server that takes no writes. */
const taken: Readonly<Record<string, ReadonlyArray<string>>> = {
  target_session_attrs: ["any", "read-write", "primary"],
  load_balance_hosts: ["disable"]
}

const notTaken = (name: string, value: string): string =>
  `says ${name}=${value}, and this program works on the server that takes writes, whichever of the named that is: leave it out, or say ` +
  "target_session_attrs=read-write"

interface Parts {
  readonly scheme: string
  /** With its `@`, or empty. */
  readonly login: string
  readonly authority: string
  readonly path: string
  readonly query: ReadonlyArray<string>
  readonly fragment: string
}

/** By hand: a list of hosts is no URL by the WHATWG's rules. A comma in a login is none of the list, which begins behind the last `@`. */
const partsOf = (text: string): Parts | null => {
  const found = /^([a-z]+:)\/\/([^/?#]*@)?([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?$/iu.exec(text)
  if (found === null) return null
  const [, scheme = "", login = "", authority = "", path = "", query = "", fragment = ""] = found
  return { scheme, login, authority, path, query: query === "" ? [] : query.split("&"), fragment }
}

const nameOf = (pair: string): string => new URLSearchParams(pair).keys().next().value ?? ""

/** `host:port` each, or a sentence. */
const placesIn = (authority: string, host: string | null, port: string | null): ReadonlyArray<string> | string => {
  const hosts = (host ?? authority).split(",")
  const ports = port === null ? [] : port.split(",")
  if (ports.length > 1 && ports.length !== hosts.length)
    return `names ${hosts.length} hosts and ${ports.length} ports: give one port, or one for each host`
  if (hosts.length === 1 && ports.length <= 1) return hosts
  if (hosts.some((one) => one === ""))
    return "has an empty name in its list of hosts: take out the comma that is too many"
  if (hosts.length > hostLimit) return `names ${hosts.length} hosts, and ${hostLimit} are asked at the most`
  if (hosts.some((one) => one.startsWith("/") || one.toLowerCase().startsWith("%2f")))
    return "names a socket among several hosts: name that one alone, or addresses"
  return hosts.map((one, index) => {
    const own = ports[index] ?? ports[0]
    return own === undefined ? one : `${one.replace(/:\d*$/u, "")}:${own}`
  })
}

/** A URL for each host, in their order; a sentence when it cannot be used. What is no URL at all is left to whoever reads URLs. */
export const databaseHosts = (text: string): ReadonlyArray<string> | string => {
  const parts = partsOf(text)
  if (parts === null) return [text]
  const query = new URLSearchParams(parts.query.join("&"))
  for (const [name, values] of Object.entries(taken)) {
    const value = query.get(name)
    if (value !== null && !values.includes(value)) return notTaken(name, value)
  }
  const places = placesIn(parts.authority, query.get("host"), query.get("port"))
  if (typeof places === "string") return places
  const inQuery = places.length > 1 ? ["host", "port", ...Object.keys(taken)] : Object.keys(taken)
  const rest = parts.query.filter((pair) => !inQuery.includes(nameOf(pair)))
  const end = `${parts.path}${rest.length === 0 ? "" : `?${rest.join("&")}`}${parts.fragment}`
  return places.length === 1
    ? [`${parts.scheme}//${parts.login}${parts.authority}${end}`]
    : places.map((place) => `${parts.scheme}//${parts.login}${place}${end}`)
}
