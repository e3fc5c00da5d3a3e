/** Ids begin with the time at which they were made, so those of one hour begin alike: the end tells one from another. */
export const shortId = (id: string): string => id.slice(-8)
