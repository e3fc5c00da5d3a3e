/** What lies so close on the screen that it could not be told apart is shown as one. Pure. */

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
