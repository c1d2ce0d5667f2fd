import { assert, describe, it } from "@effect/vitest"
import { readTraceparent } from "../../src/services/Tracing.ts"

const traceId = "0af7651916cd43dd8448eb211c80319c"
const spanId = "b7ad6b7169203331"
const card = "4242424242424242"

describe("a traceparent", () => {
  it.each(["00", "01"])("is taken over, sampled or not (%s)", (flags) => {
    const written = `00-${traceId}-${spanId}-${flags}`
    assert.strictEqual(readTraceparent(written), written)
  })

  it.each([
    undefined,
    "",
    "hello",
    ["00", "01"],
    `00-${"0".repeat(32)}-${spanId}-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `ff-${traceId}-${spanId}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${traceId}-${spanId}-01-more`,
    `00-${traceId}-${spanId}`
  ])("%j is none", (written) => {
    assert.isNull(readTraceparent(written))
  })

  // the digits of an id run into those of its neighbours across a single hyphen
  it.each([
    ["all of the span's id", `00-${traceId}-${card}-01`],
    ["all of the span's id, not sampled", `00-${traceId}-${card}-00`],
    ["the beginning of the trace's id", `00-${card}${"a".repeat(16)}-${spanId}-01`],
    ["the end of the trace's id", `00-${"a".repeat(16)}${card}-${spanId}-01`],
    ["the middle of the trace's id", `00-${"a".repeat(8)}${card}${"a".repeat(8)}-${spanId}-01`],
    ["an amex in the span's id", `00-${traceId}-a378282246310005-01`]
  ])("that has a card's number in %s is none", (_, written) => {
    assert.isNull(readTraceparent(written))
  })
})
