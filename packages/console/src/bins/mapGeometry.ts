/**
 * What lies so close on the screen that it could not be told apart is shown as one. Pure. The tiles of a map that lie under a picture, where the
 * installation names a server for them.
 */

export interface Point<Item> {
  readonly x: number
  readonly y: number
  readonly item: Item
}

export interface Cluster<Item> {
  readonly x: number
  readonly y: number
  readonly items: ReadonlyArray<Item>
}

/** Below so many points each is shown by itself. */
export const clusteredFrom = 50

/** One cluster for each cell of a grid; it lies in the middle of what is in it. Every item is in one of them. */
export const clustersOf = <Item>(points: ReadonlyArray<Point<Item>>, cell: number): ReadonlyArray<Cluster<Item>> => {
  if (points.length < clusteredFrom) return points.map(({ item, x, y }) => ({ x, y, items: [item] }))
  const cells = new Map<string, Array<Point<Item>>>()
  for (const point of points) {
    const key = `${Math.floor(point.x / cell)} ${Math.floor(point.y / cell)}`
    const there = cells.get(key)
    if (there === undefined) cells.set(key, [point])
    else there.push(point)
  }
  const middle = (numbers: ReadonlyArray<number>) => numbers.reduce((a, b) => a + b, 0) / numbers.length
  return [...cells.values()].map((there) => ({
    x: middle(there.map(({ x }) => x)),
    y: middle(there.map(({ y }) => y)),
    items: there.map(({ item }) => item)
  }))
}

/** Told by the page; null where there are none. */
export const mapTiles = (() => {
  const meta = globalThis.document?.querySelector<HTMLMetaElement>('meta[name="dueline-tiles"]') ?? null
  return meta === null ? null : { url: meta.content, credit: meta.dataset["credit"] ?? "" }
})()

/** As servers make them, in pixels; and how far down they usually go. */
const tilePixels = 256
const deepest = 18
/** More are never asked for. */
const most = 64

interface Tile {
  readonly href: string
  readonly x: number
  readonly y: number
  readonly size: number
}

/** Of a Mercator projection with this scale and translation: those that its picture touches, in the depth that is nearest to its size. Pure. */
export const tilesOf = (
  url: string,
  scale: number,
  [left, top]: readonly [number, number],
  { height, width }: { readonly width: number; readonly height: number }
): ReadonlyArray<Tile> => {
  const world = 2 * Math.PI * scale
  const depth = Math.min(deepest, Math.max(0, Math.round(Math.log2(world / tilePixels))))
  const count = 2 ** depth
  const size = world / count
  const [west, north] = [left - world / 2, top - world / 2]
  const within = (at: number) => Math.min(count - 1, Math.max(0, Math.floor(at / size)))
  const tiles: Array<Tile> = []
  for (let y = within(-north); y <= within(height - north); y++) {
    for (let x = within(-west); x <= within(width - west); x++) {
      if (tiles.length === most) return tiles
      const href = url.replace("{z}", String(depth)).replace("{x}", String(x)).replace("{y}", String(y))
      tiles.push({ href, x: west + x * size, y: north + y * size, size })
    }
  }
  return tiles
}
