/** What runs of other sizes come to, as they stand in the page: a line for each program that differs from the plain one, then single figures. */
import { type Figure, median, shown, table } from "../Figures.ts"
import { measures } from "./inTurns.ts"

const columns = Object.keys(measures)

/** `body of 10 KB: calls/s` is the column `calls/s` of the line `body of 10 KB`. */
const placeOf = ({ name }: Figure) => {
  const [line = "", column = ""] = name.split(": ")
  return { line, column }
}

const cell = (figure: Figure | undefined): string => (figure === undefined ? "" : shown(median(figure.runs)))

/** Plain cases of several benches have names of their own. */
export const sizesTable = (figures: ReadonlyArray<Figure>): string => {
  const inTurns = figures.filter((figure) => columns.includes(placeOf(figure).column))
  const single = figures.filter((figure) => !inTurns.includes(figure))
  const lines = [...Map.groupBy(inTurns, (figure) => placeOf(figure).line)].map(([line, some]) => {
    const cells = columns.map((column) => cell(some.find((figure) => placeOf(figure).column === column)))
    return `| ${line} | ${cells.join(" | ")} |`
  })
  const ratios = [`| | ${columns.join(" | ")} |`, `| --- |${" --: |".repeat(columns.length)}`, ...lines]
  return [...(lines.length > 0 ? [ratios.join("\n")] : []), ...(single.length > 0 ? [table(single)] : [])].join("\n\n")
}
