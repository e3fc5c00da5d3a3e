/** One step of the schema. Once released it is never edited: its checksum is kept in every database it was applied to. */

export interface Migration {
  /** 1, 2, 3, … without gaps. */
  readonly id: number
  readonly name: string
  /** Run one after the other in one transaction, as `dueline_owner`. */
  readonly statements: ReadonlyArray<string>
}
