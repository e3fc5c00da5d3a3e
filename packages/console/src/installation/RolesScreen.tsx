/** Roles: which there are here, and what each may do. */
import { AccessScope } from "@dueline/contracts/api/Access"
import { signInAtom } from "../backend/session.ts"
import { useAnswer } from "../backend/asking.ts"
import { useAtom } from "../backend/useAtom.ts"
import { Answered, Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { conditionWords } from "./conditionWords.ts"

export const RolesScreen = () => {
  const answer = useAnswer("roles", ({ sessions }) => sessions.roles())
  const signIn = useAtom(signInAtom)
  const own = signIn.at === "in" ? signIn.session : null
  return (
    <Screen title="Roles" actions={<Freshness asked={answer} />}>
      <p>
        {own === null || own.roles.length === 0
          ? "You are here without a role: your token or key says what you may do."
          : `Yours: ${own.roles.join(", ")}.`}{" "}
        Further roles are made of these with <code>DUELINE_ROLES</code>.
      </p>
      <Answered answer={answer}>
        {({ items }) => (
          <div className="scroll">
            <table aria-label="What each role may do">
              <thead>
                <tr>
                  <th scope="col">Permission</th>
                  {items.map(({ builtIn, name }) => (
                    <th key={name} scope="col">
                      {name}
                      {builtIn ? "" : " (of this installation)"}
                    </th>
                  ))}
                  <th scope="col" className="wide">
                    You
                  </th>
                </tr>
              </thead>
              <tbody>
                {AccessScope.literals.map((scope) => (
                  <tr key={scope}>
                    <th scope="row">
                      <code>{scope}</code>
                    </th>
                    {items.map(({ forSome, name, permissions }) => (
                      <td key={name}>
                        {permissions.includes(scope) ? (
                          <Status of="ok" words="yes" />
                        ) : forSome.includes(scope) ? (
                          <Status of="some" words="for some" tone="calm" />
                        ) : (
                          "–"
                        )}
                      </td>
                    ))}
                    <td className="wide">
                      {own?.permissions.includes(scope) === true ? (
                        <Status of="ok" words="yes" />
                      ) : (
                        ((own?.forSome ?? [])
                          .filter((some) => some.scope === scope)
                          .map((some) => (
                            <Status key={scope} of="some" words={conditionWords(some)} tone="calm" />
                          ))[0] ?? "–")
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Answered>
    </Screen>
  )
}
