/** What Docker Compose accepts in docker-compose.yml and this project does not: one sentence for each. Throws when it is not YAML. */
import { parse } from "yaml"

interface Service {
  readonly image?: string
  readonly build?: unknown
  readonly user?: string
  readonly command?: ReadonlyArray<string>
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: ReadonlyArray<string>
  readonly volumes?: ReadonlyArray<string>
  readonly healthcheck?: { readonly disable?: boolean }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly deploy?: { readonly resources?: { readonly limits?: { readonly cpus?: string; readonly memory?: string } } }
  readonly restart?: string
}

export interface Surroundings {
  readonly roles: ReadonlyArray<string>
  /** Names of the program's settings, out of `.env.example`, and of the stack's own, out of `scripts/stack/env.example`. */
  readonly settings: ReadonlySet<string>
  readonly stackSettings: ReadonlySet<string>
}

const done = "service_completed_successfully"

export const composeProblems = (
  text: string,
  { roles, settings, stackSettings }: Surroundings
): ReadonlyArray<string> => {
  const services: Readonly<Record<string, Service>> = parse(text, { merge: true }).services
  const all = Object.entries(services)
  const needsOf = ({ depends_on = {} }: Service) => Object.entries(depends_on)
  const isOnce = (name: string) => all.some(([, service]) => service.depends_on?.[name]?.condition === done)
  const isWatched = (service?: Service) => service?.healthcheck !== undefined && service.healthcheck.disable !== true
  const roleOf = ({ command = [] }: Service) => (command[1] === "--role" ? command[2] : undefined)
  const first = all.flatMap(([name]) => (isOnce(name) ? [name] : []))
  const rules: ReadonlyArray<readonly [good: boolean, problem: string]> = [
    ...all.flatMap(([name, service]): typeof rules => [
      [
        service.build !== undefined || /:[^:/]*\d[^:/]*$/u.test(service.image ?? ""),
        `${name}: its image has no version`
      ],
      [!/^(?:root|0)?(?::|$)/u.test(service.user ?? ""), `${name}: runs as root, or as whoever the image says`],
      [service.deploy?.resources?.limits?.memory !== undefined, `${name}: may take all memory`],
      [service.deploy?.resources?.limits?.cpus !== undefined, `${name}: may take all processors`],
      [isWatched(service) || isOnce(name), `${name}: has no health check`],
      [
        service.restart === (isOnce(name) ? "no" : "unless-stopped"),
        `${name}: ends and is not started again, or is done for ever`
      ],
      [["api", "ingest"].includes(name) || service.ports === undefined, `${name}: opens a port of the machine`],
      ...(service.ports ?? []).map(
        (port) => [port.startsWith("127.0.0.1:"), `${name}: opens ${port} to other machines`] as const
      ),
      ...(service.volumes ?? []).map(
        (mount) => [/^[a-z]/u.test(mount), `${name}: mounts ${mount} of the machine`] as const
      ),
      ...needsOf(service).map(([needed, { condition }]) => {
        const fits = condition === (isWatched(services[needed]) ? "service_healthy" : done)
        return [fits, `${name}: does not wait until ${needed} can be used (${condition})`] as const
      }),
      ...["postgres", "nats", "redis", ...first].map((needed) => {
        const waits = roleOf(service) === undefined || service.depends_on?.[needed] !== undefined
        return [waits, `${name}: does not wait for ${needed}`] as const
      }),
      ...Object.keys(service.environment ?? {}).map((setting) => {
        const known = !setting.startsWith("DUELINE_") || settings.has(setting)
        return [known, `${setting} is no setting of the program (.env.example)`] as const
      })
    ]),
    ...roles.map((role) => [all.some(([, service]) => roleOf(service) === role), `nobody is ${role}`] as const),
    [first.length === 1, "nobody prepares the database before the roles start"],
    ...[...text.matchAll(/(?<!\$)\$\{(\w+)/gu)].map(([, name = ""]) => {
      return [stackSettings.has(name), `${name} is no setting of the stack (scripts/stack/env.example)`] as const
    })
  ]
  return [...new Set(rules.flatMap(([good, problem]) => (good ? [] : [problem])))]
}
