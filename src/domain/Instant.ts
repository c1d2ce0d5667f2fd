import { Schema } from "effect"

/** Whole milliseconds since 1970-01-01T00:00:00.000Z, as far as a JavaScript `Date` reaches (ECMA-262, 21.4.1.1). */
export const Instant = Schema.Int.pipe(
  Schema.between(0, 8_640_000_000_000_000),
  Schema.annotations({ identifier: "Instant", description: "Milliseconds since the epoch, UTC" })
)
export type Instant = typeof Instant.Type
