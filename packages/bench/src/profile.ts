/**
 * What V8's profiler saw of a program, by stage: a sample belongs to the innermost source that has a stage, so what libraries do counts for
 * their caller.
 */
import { readFileSync } from "node:fs"
import { SourceMap } from "node:module"
import { fileURLToPath } from "node:url"

export interface Stage {
  readonly name: string
  /** Of the path of a source, or of a module of Node's. */
  readonly where: RegExp
}

/** Of samples that belong to no stage. */
export const rest = "event loop, sockets, Effect"

interface Frame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
  readonly columnNumber: number
}

export interface Profile {
  readonly nodes: ReadonlyArray<{
    readonly id: number
    readonly callFrame: Frame
    readonly children?: ReadonlyArray<number>
  }>
  readonly samples: ReadonlyArray<number>
  readonly timeDeltas: ReadonlyArray<number>
}

/** From a place in the program as it was put together to the source it came from. */
const sourcesOf = () => {
  const maps = new Map<string, SourceMap | null>()
  const mapOf = (url: string): SourceMap | null => {
    try {
      return new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, "utf8")))
    } catch {
      return null
    }
  }
  return ({ columnNumber, functionName, lineNumber, url }: Frame): string => {
    if (!url.startsWith("file:")) return url === "" ? functionName : url
    if (!maps.has(url)) maps.set(url, mapOf(url))
    const entry = maps.get(url)?.findEntry(lineNumber, columnNumber)
    return entry !== undefined && "originalSource" in entry ? entry.originalSource : url
  }
}

interface Taken {
  /** Microseconds by stage. */
  readonly byStage: ReadonlyMap<string, number>
  /** Microseconds that functions took themselves, by name and source. */
  readonly bySelf: ReadonlyMap<string, number>
  readonly busy: number
}

const add = (sums: Map<string, number>, key: string, micros: number) =>
  void sums.set(key, (sums.get(key) ?? 0) + micros)

export const evaluate = ({ nodes, samples, timeDeltas }: Profile, stages: ReadonlyArray<Stage>): Taken => {
  const sourceOf = sourcesOf()
  const parents = new Map(nodes.flatMap(({ children = [], id }) => children.map((child) => [child, id] as const)))
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const stageOf = (id: number | undefined): string => {
    const node = id === undefined ? undefined : byId.get(id)
    if (node === undefined) return rest
    const source = sourceOf(node.callFrame)
    return stages.find(({ where }) => where.test(source))?.name ?? stageOf(parents.get(node.id))
  }
  const known = new Map<number, string>()
  const byStage = new Map<string, number>()
  const bySelf = new Map<string, number>()
  let busy = 0
  samples.forEach((id, i) => {
    const micros = timeDeltas[i] ?? 0
    const frame = byId.get(id)?.callFrame
    if (frame === undefined || frame.functionName === "(idle)") return
    busy += micros
    if (!known.has(id)) known.set(id, stageOf(id))
    add(byStage, known.get(id) ?? rest, micros)
    add(
      bySelf,
      `${frame.functionName || "(anonymous)"}  ${sourceOf(frame).replace(/^.*\/(?=packages\/|node_modules\/)/u, "")}`,
      micros
    )
  })
  return { byStage, bySelf, busy }
}
