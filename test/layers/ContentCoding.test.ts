import { assert, describe, it } from "@effect/vitest"
import { type Coding, preferredCoding } from "../../src/layers/panel/ContentCoding.ts"

const both = () => true
const onlyGzip = (coding: Coding) => coding === "gzip"

describe("the coding of a panel file", () => {
  const cases: ReadonlyArray<readonly [header: string | undefined, all: Coding | null, withoutBrotli: Coding | null]> =
    [
      [undefined, null, null],
      ["", null, null],
      ["gzip, deflate, br, zstd", "br", "gzip"],
      ["gzip, deflate", "gzip", "gzip"],
      ["br", "br", null],
      ["BR;Q=1", "br", null],
      ["x-gzip", "gzip", "gzip"],
      ["*", "br", "gzip"],
      ["*;q=0", null, null],
      ["br;q=0.5, gzip;q=0.8", "gzip", "gzip"],
      ["br;q=0.5,gzip;q=0.5", "br", "gzip"],
      ["br;q=0, *", "gzip", "gzip"],
      ["gzip;q=0, *;q=0.1", "br", null],
      ["gzip;q=0.001", "gzip", "gzip"],
      ["identity", null, null],
      ["identity, gzip;q=0.5", null, null],
      ["identity;q=0.5, gzip;q=0.8", "gzip", "gzip"],
      ["identity;q=0", null, null],
      ["identity;q=0, gzip;q=0.1", "gzip", "gzip"],
      ["br;q=2", null, null],
      ["br;q=x", null, null],
      ["deflate, zstd", null, null],
      [",;,;q=,", null, null],
      [`br, ${"x".repeat(300)}`, null, null]
    ]
  for (const [header, all, withoutBrotli] of cases) {
    it(`that ${header === undefined ? "no header" : `"${header.slice(0, 40)}"`} gets`, () => {
      assert.strictEqual(preferredCoding(header, both), all)
      assert.strictEqual(preferredCoding(header, onlyGzip), withoutBrotli)
      assert.isNull(preferredCoding(header, () => false))
    })
  }
})
