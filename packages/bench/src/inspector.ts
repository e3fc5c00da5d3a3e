/** Commands of V8's inspector to a Node that was started with `--inspect`, over the socket it listens on. */
export const inspector = async (address: string) => {
  const socket = new WebSocket(address)
  const waiting = new Map<number, (result: unknown) => void>()
  await new Promise((opened) => socket.addEventListener("open", opened, { once: true }))
  socket.addEventListener("message", ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { readonly id?: number; readonly result?: unknown }
    if (id !== undefined) waiting.get(id)?.(result)
  })
  let last = 0
  const ask = <A>(method: string, params: unknown = {}) =>
    new Promise<A>((answer) => {
      last += 1
      waiting.set(last, answer as (result: unknown) => void)
      socket.send(JSON.stringify({ id: last, method, params }))
    })
  return { ask, close: () => socket.close() }
}
