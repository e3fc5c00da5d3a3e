/** A server that cannot be had on this machine. The message says what was tried and what to do about it. */
export class ServerMissing extends Error {
  override readonly name = "ServerMissing"
}
