/** oxlint and editors look for its rules here. */
import { lintConfig } from "./scripts/lintConfig.ts"

export default lintConfig(import.meta.dirname)
