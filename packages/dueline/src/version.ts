/** The version of the program, as in its package.json. In a file of its own so that `--version` loads nothing else. */
export const version = "0.1.0"
