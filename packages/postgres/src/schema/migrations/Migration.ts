/** One step of the schema, and how it is read from its file. Once released it is never edited: databases keep its checksum. */
import { createHash } from "node:crypto"
import { type SqlFile, sqlFiles } from "./sqlFiles.ts"

export interface Migration {
  /** 1, 2, 3, … */
  readonly id: number
  readonly name: string
  /** Run one after the other in one transaction, as `dueline_owner`. */
  readonly statements: ReadonlyArray<string>
  /**
   * `in steps`: its one statement answers with a number and is run again, each time in a transaction of its own, until that is 0. Cut short, it
   * goes on where it was, since the statement keeps its own place. `with the functions`: changes what functions rest on, so that they
   * are replaced in its transaction and no program meets the one without the other. `concurrently`: outside of a transaction, where indexes are
   * made and dropped without keeping anybody from writing; done again from its beginning when it is cut short.
   */
  readonly manner?: Manner
}

export type Manner = "in steps" | "with the functions" | "concurrently"

/** Of the name and the statements: comments between statements may be corrected for ever. */
export const checksumOf = ({ name, statements }: Migration): string =>
  createHash("sha256")
    .update([name, ...statements].join("\n"))
    .digest("hex")

export interface SqlPart {
  /** The comment lines and empty lines before the statement. */
  readonly comment: string
  readonly statement: string
}

/** A statement ends before a line that holds nothing but a semicolon. Comment lines before a statement are no part of it. */
export const partsOf = (text: string): ReadonlyArray<SqlPart> =>
  text.split(/^;$/m).flatMap((part) => {
    const [comment = ""] = /^(?:\s*(?:--[^\n]*)?\n)*/.exec(part) ?? []
    const statement = part.slice(comment.length).trimEnd()
    return statement === "" ? [] : [{ comment, statement }]
  })

/** As a line of its own in the head of the file. */
const manners: Readonly<Record<string, Manner>> = {
  "-- in steps": "in steps",
  "-- in one transaction with the functions": "with the functions",
  "-- concurrently": "concurrently"
}

const mannerIn = (comment: string): Manner | null =>
  comment.split("\n").flatMap((line) => manners[line] ?? [])[0] ?? null

const fileName = /^(\d{4})_([a-z0-9_]+)$/

/** From `NNNN_the_name.sql`. Throws when the file is called otherwise, or does not end with the line that ends a statement. */
export const migrationOf = ({ name, text }: SqlFile): Migration => {
  const [, number, words] = fileName.exec(name) ?? []
  if (number === undefined || words === undefined) throw new Error(`${name}.sql: a migration is called NNNN_name.sql`)
  if (!text.endsWith("\n;\n"))
    throw new Error(`${name}.sql: every statement ends before a line of its own that says ";"`)
  const parts = partsOf(text)
  const manner = mannerIn(parts[0]?.comment ?? "")
  if (manner === "in steps" && parts.length !== 1)
    throw new Error(`${name}.sql: what is done in steps is one statement`)
  return {
    id: Number(number),
    name: words.replaceAll("_", " "),
    statements: parts.map(({ statement }) => statement),
    ...(manner === null ? {} : { manner })
  }
}

/** Every step that this program knows, in order: the files of `packages/postgres/migrations`. */
export const migrations: ReadonlyArray<Migration> = sqlFiles("migrations").map(migrationOf)
