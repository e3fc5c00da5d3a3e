/** How NATS says that a message had no receiver: it answers on the reply subject by itself, at once. */
import type { Msg } from "@nats-io/nats-core"

export const nobodyListens = ({ headers }: Msg): boolean => headers?.code === 503

/** Reply subjects end with the id of whoever was to answer. */
export const lastToken = (subject: string): string => subject.slice(subject.lastIndexOf(".") + 1)
