/**
 * Whether a home, its keys and a database belong together. Plain functions over what was read of each; `newKeys` is the operator's word
 * (DUELINE_NEW_KEYS=yes) that keys were lost for good and others may take their place.
 */
import type { InstallationFacts, NotedKey } from "@dueline/postgres/schema/Installation"
import { fatal, type Finding } from "./Finding.ts"
import type { HomeFacts } from "./readHome.ts"

const price =
  "sealed requests of pending calls and all customers' profiles become unreadable and every tenant's signing secret changes"

const restoreKeys = (home: HomeFacts): string =>
  `restore ${home.home.vaultKeys} from a backup, or copy the directory \`keys\` of the home that this database was used with first. Or, ` +
  `accepting that ${price}, start once with DUELINE_NEW_KEYS=yes`

/** What the files alone tell, before a database is started or made. */
export const judgeFiles = (home: HomeFacts, newKeys: boolean): ReadonlyArray<Finding> => {
  if (home.id !== null && !home.data) {
    return [
      fatal(
        "home",
        `${home.home.installationId} says that this home has been used, and there is no database in ${home.home.data}`,
        "put the database files back, or restore them from a backup; to begin with an empty database and the same keys, delete that file; " +
          "to begin anew, set another DUELINE_HOME"
      )
    ]
  }
  if (home.data && home.vault === null && !newKeys) {
    return [
      fatal("keys", `${home.home.vaultKeys} is missing, and the database has been used with it`, restoreKeys(home))
    ]
  }
  return []
}

const of = (keys: ReadonlyArray<NotedKey>, purpose: NotedKey["purpose"]): ReadonlyArray<string> =>
  keys.flatMap((key) => (key.purpose === purpose ? [key.fingerprint] : []))

const judgeId = (home: HomeFacts, database: InstallationFacts): ReadonlyArray<Finding> => {
  const { id, home: files } = home
  if (id === null || id === database.id) return []
  if (database.id !== null) {
    return [
      fatal(
        "installation",
        `this home belongs to installation ${id}, the database to ${database.id}`,
        "set DUELINE_HOME and DUELINE_DATABASE_URL to two that belong together, or restore the other one from a backup"
      )
    ]
  }
  // A backup from before there were ids: its keys tell whose it is.
  if (database.used) return []
  return [
    fatal(
      "installation",
      `this home belongs to installation ${id}, and the database is an empty one`,
      "name the database that the home was used with (DUELINE_DATABASE_URL), or restore it from a backup; to begin with an empty " +
        `database and the same keys, delete ${files.installationId}`
    )
  ]
}

const judgeVault = (home: HomeFacts, database: InstallationFacts, opens: boolean | null): ReadonlyArray<Finding> => {
  const { vaultKeys } = home.home
  const known = [...of(database.keys, "seal"), ...of(database.keys, "sign")]
  if (home.vault === null) {
    return known.length > 0 || database.used
      ? [fatal("keys", `${vaultKeys} is missing, and the database has been used with it`, restoreKeys(home))]
      : []
  }
  const signs = of(database.keys, "sign")
  const mine = of(home.vault, "seal")
  if (signs.length > 0 && !of(home.vault, "sign").some((one) => signs.includes(one))) {
    const moved = mine.some((one) => signs.includes(one))
    return [
      moved
        ? fatal(
            "keys",
            `the last line of ${vaultKeys} is not the key that calls are signed with`,
            "put that key last again; new keys go to the top"
          )
        : fatal("keys", `${vaultKeys} holds other keys than the database was used with`, restoreKeys(home))
    ]
  }
  const lost = of(database.keys, "seal").filter((one) => !mine.includes(one)).length
  if (lost > 0) {
    return [
      fatal(
        "keys",
        `${vaultKeys} lacks ${lost} of the keys that the database was used with`,
        `put every line back; ${restoreKeys(home)}`
      )
    ]
  }
  return known.length === 0 && opens === false
    ? [fatal("keys", `what was sealed in the database does not open with the keys in ${vaultKeys}`, restoreKeys(home))]
    : []
}

const judgeTokens = (home: HomeFacts, database: InstallationFacts): ReadonlyArray<Finding> => {
  const known = of(database.keys, "token")
  if (known.length === 0 || of(home.tokens, "token").some((one) => known.includes(one))) return []
  const detail =
    home.tokens.length === 0
      ? `${home.home.keys} holds no key, and tokens have been signed with one that was there`
      : `no key in ${home.home.keys} is one that tokens of this installation have been signed with`
  return [
    fatal(
      "token keys",
      detail,
      "restore the files from a backup, or copy them from another process of the installation. Or, accepting that every token becomes " +
        "invalid, start once with DUELINE_NEW_KEYS=yes"
    )
  ]
}

/** `opens`: whether what is sealed in the database opens with the home's keys; null when nobody has tried, or nothing is sealed. */
export const judge = (
  home: HomeFacts,
  database: InstallationFacts,
  { newKeys, opens }: { readonly newKeys: boolean; readonly opens: boolean | null }
): ReadonlyArray<Finding> => [
  ...home.unreadable,
  ...judgeId(home, database),
  ...(newKeys || home.unreadable.length > 0
    ? []
    : [...judgeVault(home, database, opens), ...judgeTokens(home, database)])
]
