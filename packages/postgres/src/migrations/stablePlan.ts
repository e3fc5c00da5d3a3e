/**
 * Settings that pin a function's plans to its indexes. A plan made while the tables are empty would otherwise prefer to walk them,
 * and would be kept while they grow.
 */
export const stablePlan = `set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set plan_cache_mode = force_generic_plan`

/** Hands a function to the role whose rights it runs with, and to those who may call it. The name alone will do when it is unique. */
export const belongsToAppend = (signature: string, callers: string): ReadonlyArray<string> => [
  `revoke all on function dueline.${signature} from public`,
  `grant execute on function dueline.${signature} to ${callers}`,
  `alter function dueline.${signature} owner to dueline_append`
]
