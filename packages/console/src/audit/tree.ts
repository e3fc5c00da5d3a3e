/** The tree of RFC 6962 as this browser puts it together from parts, kept as the roots of its complete subtrees, the largest first. */

/** Bytes as the platform's own functions take them. */
export type Bytes = Uint8Array<ArrayBuffer>

export interface Tree {
  readonly size: number
  readonly peaks: ReadonlyArray<Bytes>
}

export const noLeaves: Tree = { size: 0, peaks: [] }

export const bytesOf = (base64: string): Bytes => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
export const base64Of = (bytes: Bytes): string => btoa(String.fromCharCode(...bytes))

export const sha256 = async (bytes: Bytes): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))

const joined = (mark: number, ...parts: ReadonlyArray<Bytes>): Bytes => {
  const bytes = new Uint8Array(1 + parts.reduce((sum, { length }) => sum + length, 0))
  bytes[0] = mark
  let at = 1
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

export const utf8 = (text: string): Bytes => new TextEncoder().encode(text)

export const leafHash = (leaf: string): Promise<Bytes> => sha256(joined(0, utf8(leaf)))

const nodeHash = (left: Bytes, right: Bytes): Promise<Bytes> => sha256(joined(1, left, right))

/** Null where no such subtree can come next. */
export const grown = async ({ peaks, size }: Tree, leaves: number, hash: Bytes): Promise<Tree | null> => {
  const kept = [...peaks]
  let node = hash
  if (!Number.isSafeInteger(Math.log2(leaves)) || size % leaves !== 0) return null
  for (let rest = size / leaves; rest % 2 === 1; rest = Math.floor(rest / 2)) {
    const left = kept.pop()
    if (left === undefined) return null
    node = await nodeHash(left, node)
  }
  kept.push(node)
  return { size: size + leaves, peaks: kept }
}

export const rootOf = async ({ peaks }: Tree): Promise<Bytes> => {
  const [smallest, ...larger] = peaks.toReversed()
  if (smallest === undefined) return sha256(new Uint8Array())
  let root = smallest
  for (const left of larger) root = await nodeHash(left, root)
  return root
}

export const isSame = (a: Bytes, b: Bytes): boolean => a.length === b.length && a.every((byte, n) => byte === b[n])
