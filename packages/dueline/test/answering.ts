/** A program whose answers a test writes down, for what the command line sends and how it shows what comes back. */

export interface Asked {
  readonly method: string
  /** With its query, where there is one. */
  readonly path: string
  readonly body: unknown
}

/** `fetch` answers in this process; `asked` is what came, in order. */
export const answering = (answer: (asked: Asked & { readonly pathname: string }) => Response) => {
  const asked: Array<Asked> = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    const { pathname, search } = new URL(request.url)
    const text = await request.text()
    const come = {
      method: request.method,
      path: `${pathname}${search}`,
      body: text === "" ? undefined : JSON.parse(text)
    }
    asked.push(come)
    return answer({ ...come, pathname })
  }
  return { asked, fetch }
}
