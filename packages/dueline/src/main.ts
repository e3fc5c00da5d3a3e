/**
 * The executable `dueline`. Switches on what must be on before any other module is loaded, hence the imports in order and not at the top:
 * Node's compile cache, which spares a start about 0.4 s of CPU time, and compiled schemas.
 */
import { enableCompileCache } from "node:module"
import { dirname, join } from "node:path"
import { nameSources } from "./sourceLines.ts"

// Only the program put together is not TypeScript; its own place is not told by what stands for the places of sources.
if (import.meta.filename.endsWith(".mjs")) nameSources(dirname(import.meta.filename))

// Where nothing can be written Node goes on without a cache.
enableCompileCache(join(import.meta.dirname, "..", "..", "..", ".cache", "compile"))
await import("effect/schema/SchemaJITCompiler/enable")
await import("./cli/launch.ts")
