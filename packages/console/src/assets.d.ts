/** What the build puts beside the scripts, by its address. */
declare module "*?url" {
  const address: string
  export default address
}
