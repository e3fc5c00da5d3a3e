/**
 * Bins on an outline of the countries, with a grid of degrees and a bar of kilometres, and on tiles where the installation names a server for
 * them: the console asks nobody else. The list below holds the same bins, for keyboard and ear.
 */
import type { BinListed } from "@dueline/contracts/bin/BinEndpoints"
import { distanceMetres } from "@dueline/contracts/bin/Bin"
import { geoGraticule, geoMercator, geoPath } from "d3-geo"
import { useEffect, useMemo, useState } from "react"
import { feature, mesh } from "topojson-client"
import { useLocation } from "wouter"
import { toneOf } from "../parts/Status.tsx"
import outline from "world-atlas/countries-50m.json?url"
import { clustersOf, mapTiles, tilesOf } from "./mapGeometry.ts"

const width = 960
const height = 420
const cell = 40
/** The least that is shown, in degrees: of one bin alone there would be nothing to see the place by. */
const leastDegrees = 0.2

type Topology = Parameters<typeof mesh>[0]

/** Fetched from the edge when a map is first shown; without it there is the grid alone. */
const useOutline = (): Topology | null => {
  const [shapes, setShapes] = useState<Topology | null>(null)
  useEffect(() => {
    const leaving = new AbortController()
    const read = async () => {
      const answer = await fetch(outline, { signal: leaving.signal })
      setShapes((await answer.json()) as Topology)
    }
    read().catch(() => undefined)
    return () => leaving.abort()
  }, [])
  return shapes
}

interface Placed {
  readonly bin: BinListed
  readonly lat: number
  readonly lon: number
}

const boxAround = (placed: ReadonlyArray<Placed>) => {
  const lats = placed.map(({ lat }) => lat)
  const lons = placed.map(({ lon }) => lon)
  const pad = (low: number, high: number): readonly [number, number] => {
    const more = Math.max(leastDegrees, (high - low) * 0.15) / 2
    return [low - more, high + more]
  }
  const [south, north] = pad(Math.min(...lats), Math.max(...lats))
  const [west, east] = pad(Math.min(...lons), Math.max(...lons))
  return { south: Math.max(-85, south), north: Math.min(85, north), west, east }
}

/** 1, 2 or 5 times a power of ten: the longest such bar of at most `limit`. */
const roundBelow = (limit: number): number => {
  const power = 10 ** Math.floor(Math.log10(limit))
  return ([5, 2, 1].find((n) => n * power <= limit) ?? 1) * power
}

const stepOf = (degrees: number): number =>
  [0.02, 0.05, 0.1, 0.5, 1, 5, 10, 30].find((step) => degrees / step < 8) ?? 30

const placedOf = (bins: ReadonlyArray<BinListed>): ReadonlyArray<Placed> =>
  bins.flatMap((bin) => (bin.location === null ? [] : [{ bin, ...bin.location }]))

/** Where everything lies on a picture that holds all of them; null when none has a place. */
const drawingOf = (placed: ReadonlyArray<Placed>) => {
  if (placed.length === 0) return null
  const { east, north, south, west } = boxAround(placed)
  const corners = {
    type: "MultiPoint" as const,
    coordinates: [
      [west, south],
      [east, north]
    ]
  }
  const projection = geoMercator().fitExtent(
    [
      [8, 8],
      [width - 8, height - 8]
    ],
    corners
  )
  projection.clipExtent([
    [0, 0],
    [width, height]
  ])
  const path = geoPath(projection)
  const step = stepOf(Math.max(east - west, north - south))
  const points = placed.map(({ bin, lat, lon }) => {
    const [x = 0, y = 0] = projection([lon, lat]) ?? []
    return { x, y, item: bin }
  })
  const at = (x: number) => {
    const [lon = 0, lat = 0] = projection.invert?.([x, height - 20]) ?? []
    return { lat, lon }
  }
  const metres = roundBelow(distanceMetres(at(0), at(200)))
  return {
    tiles:
      mapTiles === null ? [] : tilesOf(mapTiles.url, projection.scale(), projection.translate(), { width, height }),
    clusters: clustersOf(points, cell),
    grid: path(
      geoGraticule()
        .step([step, step])
        .extent([
          [west - 5, Math.max(-85, south - 5)],
          [east + 5, Math.min(85, north + 5)]
        ])()
    ),
    step,
    land: (topology: Topology) => path(feature(topology, topology.objects["land"] as never)),
    borders: (topology: Topology) => path(mesh(topology, topology.objects["countries"] as never)),
    bar: { metres, pixels: (200 * metres) / distanceMetres(at(0), at(200)) }
  }
}

export const BinMap = ({ bins }: { readonly bins: ReadonlyArray<BinListed> }) => {
  const [, go] = useLocation()
  const shapes = useOutline()
  const placed = placedOf(bins)
  const drawn = useMemo(() => drawingOf(placedOf(bins)), [bins])
  const land = useMemo(() => (shapes === null || drawn === null ? null : drawn.land(shapes)), [shapes, drawn])
  const borders = useMemo(() => (shapes === null || drawn === null ? null : drawn.borders(shapes)), [shapes, drawn])
  if (drawn === null) return null
  const { bar, clusters, grid, step, tiles } = drawn
  return (
    <figure className={tiles.length === 0 ? "map" : "map tiled"}>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`${placed.length} bins on a map; the list below has them too`}
      >
        <path className="land" d={land ?? ""} />
        {tiles.map(({ href, size, x, y }) => (
          <image key={href} href={href} x={x} y={y} width={size} height={size} preserveAspectRatio="none" />
        ))}
        <path className="grid" d={grid ?? ""} />
        <path className="borders" d={borders ?? ""} />
        {clusters.map(({ items, x, y }) => {
          const [first] = items
          return first === undefined ? null : (
            <g
              key={first.id}
              className={items.length === 1 ? toneOf(first.status) : "busy"}
              onClick={() => items.length === 1 && go(`/bins/${first.id}`)}
            >
              <circle cx={x} cy={y} r={items.length === 1 ? 6 : 10 + Math.min(10, Math.log2(items.length))} />
              {items.length === 1 ? null : (
                <text x={x} y={y + 4}>
                  {items.length}
                </text>
              )}
              <title>{items.length === 1 ? `${first.serialNumber}, ${first.status}` : `${items.length} bins`}</title>
            </g>
          )
        })}
        <path className="bar" d={`M16 ${height - 20} h${bar.pixels}`} />
        <text className="bar-text" x="16" y={height - 26}>
          {bar.metres >= 1_000 ? `${bar.metres / 1_000} km` : `${bar.metres} m`}
        </text>
      </svg>
      <figcaption className="faint">
        {placed.length === bins.length ? "" : `${bins.length - placed.length} without a place. `}A line each {step}°.
        {mapTiles === null || mapTiles.credit === "" ? "" : ` Map: ${mapTiles.credit}`}
      </figcaption>
    </figure>
  )
}
