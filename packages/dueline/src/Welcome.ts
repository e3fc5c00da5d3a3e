/** What a person sees once the program serves: the address, how to get a token, and the next command to try. */

export const readyLine = (address: string): string => `Dueline is ready at ${address}`

export const welcome = (address: string): string =>
  `
  API documentation   ${address}/docs   (also /redoc and /openapi.json)
  A token             scripts/dueline token
  Try this next       scripts/dueline call submit --url ${address}/health --delay 3s
  and then            scripts/dueline call list
  The demo tenant is named "demo". Stop with Ctrl-C; everything accepted is on disk and goes on at the next start.
`
