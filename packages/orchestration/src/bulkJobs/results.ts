/** Cannot be done now, and is to be done later: the store or the bus is away, or too much waits. */
export class Hindered {
  readonly _tag = "Hindered"
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}
