/**
 * Host and port of a URL, in lower case: what limits and circuit breakers go by. `""` when the text is no URL. Whatever stands before
 * the last `@` of the authority is left out, since it may be a password. PostgresBacklog says the same in SQL. Of what `parseTarget`
 * gives it is the `host`; texts stored before that was asked may hold anything.
 */
export const targetOf = (url: string): string =>
  /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#]*@)?([^/?#]*)/i.exec(url)?.[1]?.toLowerCase() ?? ""
