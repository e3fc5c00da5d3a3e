/** What a client reaches of the program, over a network that loses things. */
import type { ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import type { AnyAnswer, AnyRefusal } from "@dueline/contracts/ports/Orchestrator"
import type { Asked } from "./AnswerCheck.ts"

export type Reply =
  | { readonly _tag: "Accepted"; readonly answer: AnyAnswer }
  | { readonly _tag: "Refused"; readonly refusal: AnyRefusal }
  /** Nothing came back: the request may have been carried out or not. */
  | { readonly _tag: "Silence" }

export interface Front {
  readonly ask: (asked: Asked, reply: (reply: Reply) => void) => void
  readonly read: (tenantId: TenantId, callId: ServiceCallId, reply: (version: number | null) => void) => void
  readonly seal: (tenantId: TenantId, callId: ServiceCallId, url: string) => string
}
