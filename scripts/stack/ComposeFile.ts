/** docker-compose.yml as the rules see it: each service with what they judge, in one form whatever way it is written. */
import { parse } from "yaml"

export interface Service {
  readonly name: string
  readonly image: string | undefined
  readonly builds: boolean
  readonly user: string | undefined
  readonly command: ReadonlyArray<string>
  readonly environment: Readonly<Record<string, string>>
  readonly ports: ReadonlyArray<string>
  /** Names of volumes, or paths of the machine. */
  readonly mounts: ReadonlyArray<string>
  readonly configs: ReadonlyArray<string>
  /** Undefined when there is none, or it is switched off. */
  readonly healthcheck: Readonly<Record<string, unknown>> | undefined
  /** The condition by the name of the service that is waited for. */
  readonly needs: Readonly<Record<string, string>>
  readonly limits: Readonly<Record<string, unknown>>
  readonly restart: string | undefined
}

export interface ComposeFile {
  readonly services: ReadonlyArray<Service>
  readonly volumes: ReadonlyArray<string>
  readonly configs: ReadonlyArray<string>
}

/** Throws when it is not YAML. `<<` is meant as Docker Compose means it. */
export const readCompose = (text: string): ComposeFile => {
  const document: unknown = parse(text, { merge: true })
  const services = record(field(document, "services"))
  return {
    services: Object.entries(services).map(([name, service]) => readService(name, service)),
    volumes: Object.keys(record(field(document, "volumes"))),
    configs: Object.keys(record(field(document, "configs")))
  }
}

const readService = (name: string, service: unknown): Service => {
  const healthcheck = record(field(service, "healthcheck"))
  const needs = record(field(service, "depends_on"))
  return {
    name,
    image: text(field(service, "image")),
    builds: field(service, "build") !== undefined,
    user: text(field(service, "user")),
    command: list(field(service, "command")).map(String),
    environment: Object.fromEntries(
      Object.entries(record(field(service, "environment"))).map(([name, value]) => [name, String(value)])
    ),
    ports: list(field(service, "ports")).map(String),
    mounts: list(field(service, "volumes")).map((mount) => String(mount).split(":")[0] ?? ""),
    configs: list(field(service, "configs")).map((config) => text(field(config, "source")) ?? String(config)),
    healthcheck: healthcheck["test"] === undefined || healthcheck["disable"] === true ? undefined : healthcheck,
    needs: Object.fromEntries(Object.entries(needs).map(([name, need]) => [name, String(field(need, "condition"))])),
    limits: record(field(field(field(service, "deploy"), "resources"), "limits")),
    restart: text(field(service, "restart"))
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const record = (value: unknown): Readonly<Record<string, unknown>> => (isRecord(value) ? value : {})
const field = (value: unknown, name: string): unknown => record(value)[name]
const list = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])
const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined)
