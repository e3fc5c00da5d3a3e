/** What is wrong with docker-compose.yml, as far as that can be seen without running it. */
import type { ComposeFile, Service } from "./ComposeFile.ts"
import { readCompose } from "./ComposeFile.ts"

export interface Surroundings {
  readonly roles: ReadonlyArray<string>
  /** Names of the program's settings, out of `.env.example`. */
  readonly settings: ReadonlySet<string>
  /** Names of the stack's own settings, out of `scripts/stack/env.example`. */
  readonly stackSettings: ReadonlySet<string>
}

/** One sentence per problem. Throws when the text is not YAML. */
export const composeProblems = (text: string, surroundings: Surroundings): ReadonlyArray<string> => {
  const file = readCompose(text)
  return [
    ...file.services.flatMap((service) =>
      serviceRules.flatMap((rule) => rule(service, file).map((problem) => `${service.name}: ${problem}`))
    ),
    ...roleProblems(file, surroundings.roles),
    ...settingProblems(file, text, surroundings)
  ]
}

type Rule = (service: Service, file: ComposeFile) => ReadonlyArray<string>

const unless = (good: boolean, problem: string): ReadonlyArray<string> => (good ? [] : [problem])

/** A service that ends when its work is done, and that others wait for. */
const isOnce = ({ name }: Service, { services }: ComposeFile): boolean =>
  services.some(({ needs }) => needs[name] === "service_completed_successfully")

const hasImage: Rule = ({ builds, image }) => [
  ...unless(image !== undefined || builds, "has neither an image nor a build"),
  ...unless(builds || image === undefined || /:[^:/]*\d[^:/]*$/.test(image), "its image has no version")
]

const isNobodySpecial: Rule = ({ user }) =>
  unless(user !== undefined && !/^(root|0)?(:|$)/.test(user), "runs as root, or as whoever the image says")

const isBounded: Rule = ({ limits }) => [
  ...unless(limits["memory"] !== undefined, "may take all memory"),
  ...unless(limits["cpus"] !== undefined, "may take all processors")
]

const isWatched: Rule = (service, file) => [
  ...unless(service.healthcheck !== undefined || isOnce(service, file), "has no health check"),
  ...unless(
    service.restart === (isOnce(service, file) ? "no" : "unless-stopped"),
    isOnce(service, file) ? "would be done again for ever" : "is not started again when it ends"
  )
]

const waitsForWhatIsThere: Rule = ({ needs }, file) =>
  Object.entries(needs).flatMap(([name, condition]) => {
    const needed = file.services.find((service) => service.name === name)
    if (needed === undefined) return [`waits for ${name}, which there is not`]
    if (condition === "service_completed_successfully") {
      return unless(needed.healthcheck === undefined, `waits for the end of ${name}, which does not end`)
    }
    if (condition !== "service_healthy") return [`does not wait until ${name} can be used (${condition})`]
    return unless(needed.healthcheck !== undefined, `waits for the health of ${name}, which has no health check`)
  })

const isClosed: Rule = ({ name, ports }) => [
  ...unless(ports.length === 0 || name === "api", "opens a port of the machine"),
  ...ports.filter((port) => !port.startsWith("127.0.0.1:")).map((port) => `opens ${port} to other machines`)
]

const mountsWhatIsThere: Rule = ({ configs, mounts }, file) => [
  ...mounts.filter((mount) => !file.volumes.includes(mount)).map((mount) => `${mount} is no volume of this file`),
  ...configs.filter((config) => !file.configs.includes(config)).map((config) => `${config} is no config of this file`)
]

const serviceRules = [
  hasImage,
  isNobodySpecial,
  isBounded,
  isWatched,
  waitsForWhatIsThere,
  isClosed,
  mountsWhatIsThere
] satisfies ReadonlyArray<Rule>

const roleOf = ({ command }: Service): string | undefined =>
  command[0] === "serve" && command[1] === "--role" ? command[2] : undefined

const servers = ["postgres", "nats", "redis"]

const roleProblems = (file: ComposeFile, roles: ReadonlyArray<string>): ReadonlyArray<string> => {
  const { services } = file
  const running = services.filter((service) => roleOf(service) !== undefined)
  const first = services.filter((service) => isOnce(service, file)).map(({ name }) => name)
  return [
    ...roles.filter((role) => !running.some((service) => roleOf(service) === role)).map((role) => `nobody is ${role}`),
    ...running.flatMap((service) =>
      [...servers, ...first]
        .filter((name) => !(name in service.needs))
        .map((name) => `${service.name}: does not wait for ${name}`)
    ),
    ...unless(first.length === 1, "nobody prepares the database before the roles start")
  ]
}

const settingProblems = (file: ComposeFile, text: string, known: Surroundings): ReadonlyArray<string> => {
  const set = file.services.flatMap(({ environment }) => Object.keys(environment))
  const asked = [...text.matchAll(/(?<!\$)\$\{(\w+)/g)].map(([, name = ""]) => name)
  return [
    ...new Set([
      ...set
        .filter((name) => name.startsWith("DUELINE_") && !known.settings.has(name))
        .map((name) => `${name} is no setting of the program (.env.example)`),
      ...asked
        .filter((name) => !known.stackSettings.has(name))
        .map((name) => `${name} is no setting of the stack (scripts/stack/env.example)`)
    ])
  ]
}
