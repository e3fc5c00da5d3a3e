/** The program that tests, chaos and benches start as their users do. */
import { fileURLToPath } from "node:url"

/** `PROGRAM_FILE` is set by `scripts/bootstrap.mjs`, which puts the program together; else it is run from its sources. */
export const programFile =
  process.env["PROGRAM_FILE"] ?? fileURLToPath(new URL("../../dueline/src/main.ts", import.meta.url))
