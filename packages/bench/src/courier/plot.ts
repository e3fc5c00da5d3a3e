/** A small line chart as SVG, without a library: a few series over seconds, the value on a linear or logarithmic axis. */

export interface Series {
  readonly name: string
  readonly colour: string
  readonly points: ReadonlyArray<readonly [seconds: number, value: number]>
}

export interface Chart {
  readonly title: string
  readonly unit: string
  readonly logarithmic: boolean
  readonly series: ReadonlyArray<Series>
  /** Names over parts of the time. */
  readonly parts: ReadonlyArray<readonly [seconds: number, name: string]>
}

const [width, height] = [760, 240]
const [left, right, top, bottom] = [56, 12, 44, 28]
const round = (value: number): string => value.toFixed(1)

/** 1, 2 or 5 times a power of ten, and at least `value`. */
const roundUp = (value: number): number => {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)))
  return power * ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10)
}

const ticksOf = ({ logarithmic }: Chart, most: number): ReadonlyArray<number> =>
  logarithmic
    ? Array.from({ length: Math.round(Math.log10(most)) + 1 }, (_, power) => 10 ** power)
    : [0, most / 4, most / 2, (3 * most) / 4, most]

export const draw = (chart: Chart): string => {
  const points = chart.series.flatMap((each) => each.points)
  const last = Math.max(1, ...points.map(([seconds]) => seconds))
  const greatest = Math.max(1, ...points.map(([, value]) => value))
  const most = chart.logarithmic ? 10 ** Math.ceil(Math.log10(greatest)) : roundUp(greatest)
  const share = (value: number) =>
    chart.logarithmic ? Math.log10(Math.max(1, value)) / Math.max(1, Math.log10(most)) : value / most
  const x = (seconds: number) => round(left + (seconds / last) * (width - left - right))
  const y = (value: number) => round(height - bottom - share(value) * (height - top - bottom))
  const text = (at: readonly [string | number, string | number], anchor: string, words: string, colour = "#444") =>
    `<text x="${at[0]}" y="${at[1]}" text-anchor="${anchor}" fill="${colour}">${words}</text>`
  const ticks = ticksOf(chart, most).flatMap((tick) => [
    `<path d="M${left} ${y(tick)}H${width - right}" stroke="#ddd"/>`,
    text([left - 6, Number(y(tick)) + 4], "end", String(tick))
  ])
  const parts = chart.parts.flatMap(([seconds, name]) => [
    `<path d="M${x(seconds)} ${top}V${height - bottom}" stroke="#bbb" stroke-dasharray="3 3"/>`,
    text([Number(x(seconds)) + 4, top + 10], "start", name, "#888")
  ])
  const lines = chart.series.flatMap(({ colour, name, points }, at) => [
    `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${points.map(([s, v]) => `${x(s)},${y(v)}`).join(" ")}"/>`,
    text([width - right - 110 * (chart.series.length - 1 - at), 32], "end", name, colour)
  ])
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text([left, 16], "start", `${chart.title}, ${chart.unit}`, "#111"),
    ...ticks,
    ...parts,
    ...lines,
    text([width - right, height - 8], "end", `${Math.round(last)} s`),
    "</svg>",
    ""
  ].join("\n")
}
