/** `@dueline/client` without its workspace: its modules and those of the contracts it is made of, with their types. */
import { execFileSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { rolldown } from "rolldown"

const readme = `# @dueline/client

\`\`\`ts
import * as DuelineClient from "@dueline/client/DuelineClient"
import { IdempotencyKey } from "@dueline/client/contracts/Ids"
import { Effect, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"

const program = Effect.gen(function* () {
  const { serviceCalls } = yield* DuelineClient.make({
    baseUrl: "http://127.0.0.1:8080",
    token: Redacted.make(process.env.TOKEN ?? "")
  })
  const { body } = yield* serviceCalls.submit({
    headers: { "idempotency-key": IdempotencyKey.make("invoice-42") },
    payload: { delay: "2h", request: { method: "POST", url: "https://example.com/hooks/42" } }
  })
  console.log(body.id, body.dueAt)
})
Effect.runPromise(program.pipe(Effect.provide(FetchHttpClient.layer)))
\`\`\`

- \`@dueline/client/DuelineClient\`: every operation, answer and error of the API; \`CallSubmitter\`: submissions of many callers in batches
- \`@dueline/client/verify\`, \`@dueline/client/receive\`: for targets: is a request genuine, and was it done before. They need no other module.
- \`@dueline/client/contracts/…\`: what the API takes and answers
`

/** In their types contracts are another package; here they are a folder of this one. */
const asOwn = (text: string): string =>
  text
    .replaceAll(/(["'])@dueline\/contracts\//gu, "$1@dueline/client/contracts/")
    .replaceAll(/(from |import\()"(\.{1,2}\/[^"]+)\.ts"/gu, '$1"$2.js"')

export const clientPackage = async (
  root: string,
  folder: string,
  versions: { readonly node: string; readonly effect: string }
): Promise<void> => {
  const sources = join(root, "packages", "client", "src")
  const entries = readdirSync(sources).map((name) => join(sources, name))
  const made = await rolldown({
    input: entries,
    external: /^(?:effect|node:)/u,
    platform: "neutral",
    treeshake: false,
    resolve: { symlinks: true }
  })
  const { output } = await made.write({
    dir: join(folder, "dist"),
    format: "esm",
    preserveModules: true,
    preserveModulesRoot: join(root, "packages"),
    entryFileNames: ({ facadeModuleId }) => `${placeOf(root, facadeModuleId ?? "")}.js`
  })
  await made.close()
  const declarations = join(root, ".cache", "declarations")
  declare(root, declarations)
  for (const { facadeModuleId } of output.filter((file) => file.type === "chunk")) {
    if (facadeModuleId === null) continue
    const types = facadeModuleId.replace(join(root, "packages"), declarations).replace(/\.ts$/u, ".d.ts")
    const at = join(folder, "dist", `${placeOf(root, facadeModuleId)}.d.ts`)
    mkdirSync(dirname(at), { recursive: true })
    writeFileSync(at, asOwn(readFileSync(types, "utf8")))
  }
  const { version }: { readonly version: string } = JSON.parse(
    readFileSync(join(root, "packages", "client", "package.json"), "utf8")
  )
  const manifest = {
    name: "@dueline/client",
    version,
    description: "Typed client of Dueline, and what targets verify its calls with",
    license: "UNLICENSED",
    type: "module",
    sideEffects: false,
    exports: { "./*": { types: "./dist/*.d.ts", default: "./dist/*.js" } },
    engines: { node: versions.node },
    // Its types are in the client's, so there must be one of it; it may change in a minor release.
    peerDependencies: { effect: versions.effect }
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest, null, 2))
  writeFileSync(join(folder, "README.md"), readme)
}

/** Writes the types of the client and of the contracts, in folders as those of their sources. */
const declare = (root: string, outDir: string): void => {
  const options = { noEmit: false, emitDeclarationOnly: true, rootDir: "../../packages", outDir: "." }
  const include = ["client", "contracts"].map((name) => `../../packages/${name}/src`)
  mkdirSync(outDir, { recursive: true })
  const config = join(outDir, "tsconfig.json")
  writeFileSync(config, JSON.stringify({ extends: "../../tsconfig.base.json", compilerOptions: options, include }))
  execFileSync(join(root, "node_modules", ".bin", "tsc"), ["--checkers", "1", "-p", config], { stdio: "inherit" })
}

/** `contracts/Ids` for a module of the contracts, `verify` for one of the client's own. */
const placeOf = (root: string, file: string): string =>
  file
    .slice(join(root, "packages").length + 1)
    .replace(/\/src\//u, "/")
    .replace(/^client\//u, "")
    .replace(/\.ts$/u, "")
