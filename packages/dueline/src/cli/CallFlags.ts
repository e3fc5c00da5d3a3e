/** The flags that every `dueline call` understands: where the program is, and who asks. */
import { GlobalFlag } from "effect/cli"
import * as Flag from "effect/cli/Flag"
import { maybe } from "./flags.ts"

export const isAddress = (text: string): boolean => URL.canParse(text) && /^https?:$/u.test(new URL(text).protocol)

export const expectedAddress = "an address, e.g. http://127.0.0.1:8080"

export const ServerAddress = GlobalFlag.Setting("server")({
  flag: maybe(
    Flag.String("server").pipe(
      Flag.filter(isAddress, () => expectedAddress),
      Flag.withMetavar("url"),
      Flag.withDescription("Where the program answers (else DUELINE_SERVER, else http://127.0.0.1:$PORT)")
    )
  )
})

export const Token = GlobalFlag.Setting("token")({
  flag: maybe(
    Flag.String("token").pipe(
      Flag.withMetavar("jwt"),
      Flag.withDescription("Access token (else DUELINE_TOKEN, else one is made from the keys in DUELINE_HOME)")
    )
  )
})

export const CallTenant = GlobalFlag.Setting("tenant")({
  flag: Flag.String("tenant").pipe(
    Flag.withDefault("demo"),
    Flag.withMetavar("name"),
    Flag.withDescription("The tenant, by name or id, for whom a token is made when none is given")
  )
})

export const callFlags = [ServerAddress, Token, CallTenant] as const
