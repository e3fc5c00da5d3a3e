/**
 * Tiles of a map, for the console's page: from a server that an installation names, and from nowhere where it names none. What is named here is
 * the one other origin that the page may ask, for pictures alone. Pure.
 */
export interface MapTiles {
  /** `{z}`, `{x}` and `{y}` stand for a tile, as is usual. */
  readonly url: string
  readonly origin: string
  /** Who has to be named beside the map; may be empty. */
  readonly credit: string
}

const places = ["{z}", "{x}", "{y}"] as const

/** `https://tiles.example/{z}/{x}/{y}.png © Their makers`. Null for what is none. */
export const readMapTiles = (text: string): MapTiles | null => {
  const [, address = "", credit = ""] = /^(\S+)(?:\s+(.{1,200}))?$/u.exec(text.trim()) ?? []
  if (places.some((place) => address.split(place).length !== 2)) return null
  const url = URL.parse(places.reduce((whole, place) => whole.replace(place, "0"), address))
  if (url === null || url.username !== "" || url.password !== "") return null
  // No character of it may end a directive of the policy.
  if (!/^[\w.:[\]-]+$/u.test(url.host)) return null
  const near = url.hostname === "127.0.0.1" || url.hostname === "localhost"
  return url.protocol === "https:" || (near && url.protocol === "http:")
    ? { url: address, origin: url.origin, credit: credit.trim() }
    : null
}
