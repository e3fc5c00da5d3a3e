/** Ids of things, which are UUIDs. */

/** They begin with the time at which they were made, so those of one hour begin alike: the end tells one from another. */
export const shortId = (id: string): string => id.slice(-8)

export const isId = (text: string): boolean => /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/u.test(text)
