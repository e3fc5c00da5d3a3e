/** For what somebody has a permission, where that is not everything: as roles have it. */
import type { Session } from "../backend/session.ts"

export const conditionWords = ({
  allow,
  deny
}: Pick<NonNullable<Session["forSome"]>[number], "allow" | "deny">): string => {
  const listed = (texts: ReadonlyArray<string>) => texts.map((text) => `[${text}]`).join(" or ")
  const what = allow.includes("") ? "for all" : `for ${listed(allow)}`
  return deny.length === 0 ? what : `${what} but ${listed(deny)}`
}
