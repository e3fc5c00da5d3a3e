/** Every step that this program knows, in order. */
import { tables } from "./0001_tables.ts"
import { rights } from "./0002_rights.ts"
import { writes } from "./0003_writes.ts"
import { workers } from "./0004_workers.ts"
import { reads } from "./0005_reads.ts"
import { targets } from "./0006_targets.ts"
import { leasesAndLetters } from "./0007_leases.ts"
import { outbox } from "./0008_outbox.ts"
import { fieldOperations } from "./0009_field_operations.ts"
import { geography } from "./0010_geography.ts"
import { timelines } from "./0011_timeline.ts"
import { fieldReads } from "./0012_field_reads.ts"
import type { Migration } from "./Migration.ts"

export const migrations: ReadonlyArray<Migration> = [
  tables,
  rights,
  writes,
  workers,
  reads,
  targets,
  leasesAndLetters,
  outbox,
  fieldOperations,
  geography,
  timelines,
  fieldReads
]
