/** Says where payloads may be fetched from: hosts that the installation names, and nothing inside it. */
import { Context, type Result } from "effect"
import type { TenantId } from "../Ids.ts"

export interface PayloadSourceIssue {
  /** A stable snake_case word, e.g. `payload_host_refused`. */
  readonly code: string
  /** One sentence that says what to do. */
  readonly message: string
}

export interface PayloadSource {
  /** As it is fetched. */
  readonly href: string
  /** As it may be kept and shown, without secrets. */
  readonly shown: string
}

export class PayloadSources extends Context.Service<
  PayloadSources,
  {
    /** Decides on the text alone: what only resolution can tell is found by the client that fetches. The tenant says what is not shown. */
    readonly check: (uri: string, tenantId: TenantId) => Result.Result<PayloadSource, PayloadSourceIssue>
  }
>()("@dueline/contracts/ports/PayloadSources") {}
