/** One source file as the boundary rules see it: what it imports and which outside names it uses. */
import { parseSync } from "oxc-parser"

export interface Import {
  /** As written, e.g. `effect` or `../Ids.ts`. */
  readonly specifier: string
  /** Imported names; empty for side effects, namespaces and dynamic imports. */
  readonly names: ReadonlyArray<string>
  /** Nothing of it is left at run time. */
  readonly typeOnly: boolean
  readonly line: number
}

/** A use of something global, e.g. `Date.now` or `setTimeout`. `new Date()` stands for a call without arguments. */
export interface Use {
  readonly name: string
  readonly line: number
}

export interface SourceFile {
  /** From the root of the workspace, with forward slashes, e.g. `packages/timer/src/Wheel.ts`. */
  readonly path: string
  readonly imports: ReadonlyArray<Import>
  readonly uses: ReadonlyArray<Use>
}

interface Node {
  readonly type: string
  readonly start: number
  readonly [key: string]: unknown
}

/** Throws when the text is not TypeScript. */
export const parseSourceFile = (path: string, text: string): SourceFile => {
  const { errors, module, program } = parseSync(path, text)
  const [error] = errors
  if (error !== undefined) throw new Error(`${path}: ${error.message}`)
  const lineOf = lineCounter(text)
  const imports: Array<Import> = module.staticImports.map(({ entries, moduleRequest, start }) => ({
    specifier: moduleRequest.value,
    names: entries.flatMap(({ importName }) => importName.name ?? []),
    typeOnly: entries.length > 0 && entries.every(({ isType }) => isType),
    line: lineOf(start)
  }))
  for (const { entries, start } of module.staticExports) {
    for (const { importName, isType, moduleRequest } of entries) {
      if (moduleRequest === null) continue
      const names = importName.name === null ? [] : [importName.name]
      imports.push({ specifier: moduleRequest.value, names, typeOnly: isType, line: lineOf(start) })
    }
  }
  for (const { moduleRequest, start } of module.dynamicImports) {
    const specifier = text.slice(moduleRequest.start, moduleRequest.end).replace(/^["'`]|["'`]$/g, "")
    imports.push({ specifier, names: [], typeOnly: false, line: lineOf(start) })
  }
  return { path, imports, uses: usesIn(program as unknown as Node, lineOf) }
}

/** Names that are read, called or constructed: `a`, `a.b`, and `new A()` where nothing is passed. */
const usesIn = (program: Node, lineOf: (offset: number) => number): ReadonlyArray<Use> => {
  const uses: Array<Use> = []
  const use = (name: string, node: Node) => uses.push({ name, line: lineOf(node.start) })
  visit(program, (node, parent, key) => {
    if (node.type === "MemberExpression" && node.computed !== true) {
      const [object, property] = [identifier(node.object), identifier(node.property)]
      if (object !== undefined && property !== undefined) use(`${object}.${property}`, node)
    }
    if (node.type === "NewExpression" && Array.isArray(node.arguments) && node.arguments.length === 0) {
      const name = identifier(node.callee)
      if (name !== undefined) use(`new ${name}()`, node)
    }
    if (node.type === "Identifier" && !isNameOnly(parent, key)) use(String(node.name), node)
  })
  return uses
}

/** An identifier that only names a member or a key refers to nothing outside. */
const isNameOnly = (parent: Node | undefined, key: string) =>
  (parent?.type === "MemberExpression" && key === "property" && parent.computed !== true) ||
  ((parent?.type === "Property" ||
    parent?.type === "PropertyDefinition" ||
    parent?.type === "MethodDefinition" ||
    parent?.type === "TSPropertySignature") &&
    key === "key" &&
    parent.computed !== true &&
    parent.shorthand !== true)

const identifier = (node: unknown) => (isNode(node) && node.type === "Identifier" ? String(node.name) : undefined)

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string"

const visit = (
  node: Node,
  see: (node: Node, parent: Node | undefined, key: string) => void,
  parent?: Node,
  key = ""
): void => {
  see(node, parent, key)
  for (const [name, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) visit(child, see, node, name)
    }
  }
}

const lineCounter = (text: string) => {
  const starts = [0]
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1)
  return (offset: number) => {
    const next = starts.findIndex((start) => start > offset)
    return next < 0 ? starts.length : next
  }
}
