/**
 * The order of test files in a full run: the longest first, since one that is begun last is waited for by idle workers. What a machine
 * has measured before is better than a list, but a fresh checkout has measured nothing.
 */
import { BaseSequencer, type TestSpecification } from "vitest/node"

/** Those that take more than some twenty seconds, about the longest first; programs and servers that wait for each other beside plain work. */
export const longest: ReadonlyArray<string> = [
  "packages/chaos/test/chaos.e2e.test.ts",
  "packages/simulation/test/simulation.test.ts",
  "packages/dueline/test/failover.e2e.test.ts",
  "packages/dueline/test/console.e2e.test.ts",
  "packages/dueline/test/split.e2e.test.ts",
  "scripts/test/kindsTrial.test.ts",
  "packages/dueline/test/crash.e2e.test.ts",
  "packages/dueline/test/backup.e2e.test.ts",
  "scripts/test/release.test.ts",
  "packages/chaos/test/controls.e2e.test.ts",
  "packages/postgres/test/contracts.test.ts",
  "packages/dueline/test/operator.e2e.test.ts",
  "packages/dueline/test/pooler.e2e.test.ts",
  "packages/postgres/test/opsQueries.test.ts",
  "packages/dueline/test/preflight.e2e.test.ts",
  "packages/postgres/test/hosts.test.ts",
  "packages/postgres/test/opsRowsMigration.test.ts",
  "packages/postgres/test/geographyPostgis.test.ts",
  "packages/dueline/test/telemetry.e2e.test.ts",
  "packages/postgres/test/server.test.ts",
  "packages/nats/test/eventBus.test.ts",
  "packages/postgres/test/overviews.test.ts",
  "packages/nats/test/busGroup.test.ts",
  "packages/dueline/test/rebuildModels.test.ts",
  "packages/dueline/test/demos.e2e.test.ts",
  "packages/postgres/test/geography.test.ts",
  "packages/nats/test/timerLife.test.ts",
  "packages/api/test/tenantWall.test.ts",
  "packages/test-servers/test/servers.test.ts",
  "scripts/test/bundle.test.ts",
  "packages/orchestration/test/snapshots.test.ts"
]

/** The place of a file in the order: those of the list, then other programs, then the rest. */
export const placeOf = (file: string): number => {
  const at = longest.findIndex((name) => file.endsWith(name))
  if (at >= 0) return at
  return file.endsWith(".e2e.test.ts") ? longest.length : longest.length + 1
}

export class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const sorted = await super.sort(files)
    return sorted.sort((a, b) => placeOf(a.moduleId) - placeOf(b.moduleId))
  }
}
