/** Whether whoever is signed in may do something, as far as the page knows. */
import { may, signInAtom } from "../backend/session.ts"
import { useAtom } from "../backend/useAtom.ts"

export const useMay = (scope: string): boolean => {
  const signIn = useAtom(signInAtom)
  return signIn.at === "in" && may(signIn.session, scope)
}
