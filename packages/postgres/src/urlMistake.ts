/** What of a PostgreSQL URL this program would silently leave out, in words with what to do; null when there is nothing. */

/** libpq chooses among several hosts; here each process connects to one address. */
const one =
  "names several hosts, or which of them to choose (`target_session_attrs`), and this program connects to one address: name the one that " +
  "always leads to the server that takes writes (your provider's writer endpoint, or a proxy such as HAProxy or Patroni's)"

const ignored = ["target_session_attrs", "load_balance_hosts"]

export const urlMistake = (text: string): string | null => {
  if (text === "") return null
  // A list of hosts is no URL by the WHATWG's rules, so it is told by its commas: a password with one is percent-encoded.
  const authority = /^[a-z]+:\/\/([^/?#]*)/iu.exec(text)?.[1] ?? ""
  if (authority.slice(authority.lastIndexOf("@") + 1).includes(",")) return one
  // Read by itself: with a login and no host, as for a socket, the whole is no URL by those rules either.
  const query = new URLSearchParams(/^[a-z]+:[^?#]*\?([^#]*)/iu.exec(text)?.[1] ?? "")
  if ((query.get("host") ?? "").includes(",") || (query.get("port") ?? "").includes(",")) return one
  const chosen = ignored.find((name) => query.has(name) && query.get(name) !== "any")
  return chosen === undefined ? null : one
}
