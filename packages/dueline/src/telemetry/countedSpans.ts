/** Counts spans on their way out: the exporter says nothing of those it drops. */
import type { Counter } from "@dueline/contracts/telemetry/Instruments"
import type { Tracer } from "effect"
import { type Batches, restMs } from "./boundedExport.ts"

export interface CountedSpans extends Batches {
  /** The span as it is, counted when it ends. */
  readonly watch: (span: Tracer.Span) => Tracer.Span
}

/**
 * Spans that have ended wait for the next batch. When a batch is lost, so is what waits: the exporter drops all it holds and, while it
 * rests, what comes. `elapsed` in milliseconds.
 */
export const countedSpans = (exported: Counter, dropped: Counter, elapsed: () => number): CountedSpans => {
  let waiting = 0
  let restsUntil = Number.NEGATIVE_INFINITY
  return {
    begin: () => {
      const inBatch = waiting
      waiting = 0
      return {
        sent: () => exported.add(inBatch),
        dropped: () => dropped.add(inBatch),
        lost: () => {
          dropped.add(inBatch + waiting)
          waiting = 0
          restsUntil = elapsed() + restMs
        }
      }
    },
    watch: (span) => {
      const end = span.end.bind(span)
      span.end = (endTime, exit) => {
        if (elapsed() < restsUntil) dropped.add()
        else waiting += 1
        end(endTime, exit)
      }
      return span
    }
  }
}
