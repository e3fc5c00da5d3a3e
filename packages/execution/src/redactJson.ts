/** Strikes secrets out of a text that is JSON, however deep they are and however they are escaped. */
import { isSecretName } from "./secretNames.ts"
import { mark } from "./secretShapes.ts"

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isNode = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null

/** Null keeps its meaning: that there is no secret is no secret. */
const shown = (node: Record<string, unknown>, key: string, leaf: (text: string) => string): unknown => {
  const value = node[key]
  if (value === null || (!Array.isArray(node) && isSecretName(key))) return value === null ? null : mark
  return typeof value === "string" ? leaf(value) : value
}

/**
 * Compact JSON with the values of secret keys struck out and every other text gone through `leaf`, which sees it unescaped. Null when
 * the text is not JSON.
 */
export const redactJson = (text: string, leaf: (text: string) => string): string | null => {
  if (!/^\s*[{[]/.test(text)) return null
  const root = parsed(text)
  if (!isNode(root)) return null
  let changed = /\\[u/]/.test(text)
  const waiting = [root]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (const key of Object.keys(node)) {
      const value = shown(node, key, leaf)
      if (isNode(value)) waiting.push(value)
      if (value === node[key]) continue
      // Not an assignment: the key may be `__proto__`.
      Object.defineProperty(node, key, { value, enumerable: true, configurable: true, writable: true })
      changed = true
    }
  }
  // What holds no secret is shown as it was written.
  return changed ? JSON.stringify(root) : text
}
