import { Context } from "effect"
import { containsCardNumber } from "../domain/CardNumberInText.ts"

/** The name of the header that carries a trace, in a request and in a record. */
export const traceHeader = "traceparent"

/** Where a span stands: its trace, its own id, and whether it is sampled, as W3C Trace Context writes it. */
export type Traceparent = string

const form = /^[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** An id in hex may have any digits: one that could be a card's number is nobody's id. */
export const isSafeId = (id: string): boolean => !containsCardNumber(id)

/** What a client or a record says of its trace; null when it says nothing, nonsense, or what could be a card's number. */
export const readTraceparent = (text: string | ReadonlyArray<string> | undefined): Traceparent | null =>
  typeof text === "string" && text.length === 55 && !text.startsWith("ff") && form.test(text) &&
    isSafeId(traceIdOf(text)) && isSafeId(spanIdOf(text))
    ? text
    : null

export const makeTraceparent = (traceId: string, spanId: string): Traceparent => `00-${traceId}-${spanId}-01`

export const traceIdOf = (context: Traceparent): string => context.slice(3, 35)
export const spanIdOf = (context: Traceparent): string => context.slice(36, 52)
export const isSampled = (context: Traceparent): boolean => (parseInt(context.slice(53), 16) & 1) === 1

/** A span that is over. Its attributes are ids, names and numbers of ours: never what a client wrote. */
export interface Span {
  /** From `begin`. */
  readonly context: Traceparent
  readonly parent: Traceparent | null
  readonly name: string
  readonly kind: "internal" | "server" | "producer" | "consumer"
  /** Nanoseconds since the epoch. */
  readonly startedAt: bigint
  readonly attributes: Readonly<Record<string, string | number>>
  /** What led to it beside its parent. */
  readonly links?: ReadonlyArray<Traceparent>
  readonly failed?: boolean
}

export interface Tracer {
  /** A context for what begins now; null where its trace is not sampled. Without a parent, chance decides. */
  readonly begin: (parent: Traceparent | null) => Traceparent | null
  /** The same, but sampled in any case: for what only a sampled trace leads to. */
  readonly beginLinked: () => Traceparent
  /** Nanoseconds since the epoch. */
  readonly now: () => bigint
  /** Ends a span now. Never waits; what finds no room is counted and lost. */
  readonly end: (span: Span) => void
}

/** Who collects spans; null where nobody does, and then nothing is done for it but to pass a client's trace on. */
export class Tracing extends Context.Reference<Tracing>()("gateway/Tracing", {
  defaultValue: (): Tracer | null => null
}) {}
