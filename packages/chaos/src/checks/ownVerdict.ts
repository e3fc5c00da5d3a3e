/** `dueline verify`, the program's own judgement of its tables, agrees. */
import type { Check } from "../Evidence.ts"

export const ownVerdict: Check = ({ history: { verify } }) =>
  verify.code === 0 ? [] : [{ callId: null, detail: `dueline verify ended with ${verify.code}: ${verify.output}` }]
