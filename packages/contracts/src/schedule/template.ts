/**
 * What stands for the time in the request of a schedule: `{{occurrence.at}}` and the like, in the address, in values of headers and in the body.
 * Other braces are left alone: they may mean something to the target.
 */
import type { WholeRequest } from "../ports/Vaults.ts"
import { formatLocal } from "./zone.ts"

export interface TemplateValues {
  readonly scheduleId: string
  /** The call's id, which is the same for the same occurrence. */
  readonly callId: string
  readonly at: number
  readonly zone: string
}

const places: Readonly<Record<string, (values: TemplateValues) => string>> = {
  "schedule.id": ({ scheduleId }) => scheduleId,
  "occurrence.id": ({ callId }) => callId,
  "occurrence.at": ({ at }) => new Date(at).toISOString(),
  "occurrence.local": ({ at, zone }) => formatLocal(zone, at),
  "occurrence.date": ({ at, zone }) => formatLocal(zone, at).slice(0, 10),
  "occurrence.epochMs": ({ at }) => `${at}`
}

export const placeNames = Object.keys(places).map((name) => `{{${name}}}`)

const written = /\{\{((?:occurrence|schedule)\.[^{}]{0,60})\}\}/gu
/** As the address of a request is kept: braces are percent-encoded in it. */
const encoded = /%7B%7B((?:occurrence|schedule)\.[A-Za-z]{1,60})%7D%7D/gu

/** The first name that stands for nothing, where it is; null when there is none. */
export const unknownPlace = ({
  body,
  headers,
  url
}: WholeRequest): { readonly field: string; readonly name: string } | null => {
  const texts = [
    ["url", url],
    ...Object.entries(headers).map(([name, value]) => [`headers.${name}`, value]),
    ["body", body ?? ""]
  ]
  for (const [field = "", text = ""] of texts) {
    for (const [, name = ""] of text.matchAll(written)) if (!Object.hasOwn(places, name)) return { field, name }
  }
  return null
}

/** Values are made of letters, digits and `-:+.`: they mean nothing to JSON. In the address they are percent-encoded. */
export const fillIn = ({ body, headers, url }: WholeRequest, values: TemplateValues): WholeRequest => {
  const filled = (text: string, encode: (value: string) => string = (value) => value) =>
    text.replace(written, (whole, name: string) => {
      const place = Object.hasOwn(places, name) ? places[name] : undefined
      return place === undefined ? whole : encode(place(values))
    })
  return {
    url: filled(url, encodeURIComponent),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, filled(value)])),
    body: body === null ? null : filled(body)
  }
}

/** The address as it was written. */
export const readableUrl = (url: string): string => url.replace(encoded, "{{$1}}")
