import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"

const domain = new URL("../../src/domain/", import.meta.url)

const data = [
  "Array",
  "Data",
  "Either",
  "FastCheck",
  "Option",
  "Order",
  "ParseResult",
  "Predicate",
  "Redacted",
  "Schema"
]

describe("the domain", () => {
  const sources = readdirSync(domain).map((file) => [file, readFileSync(new URL(file, domain), "utf8")] as const)

  it("is made of data: it imports itself and effect's data modules", () => {
    let imports = 0
    for (const [file, source] of sources) {
      for (const [, names = "", from = ""] of source.matchAll(/(?:import|export)\s+([^"]*?)\s*from\s+"([^"]+)"/g)) {
        imports++
        if (from.startsWith("./")) continue
        assert.strictEqual(from, "effect", file)
        // types of modules do nothing
        if (names.startsWith("type ")) continue
        for (const name of names.replace(/[{}]/g, "").split(",")) assert.include(data, name.trim().split(" ")[0], file)
      }
    }
    assert.isAbove(imports, 10)
  })

  it("knows neither the time, nor chance, nor the machine", () => {
    for (const [file, source] of sources) {
      assert.notMatch(
        source,
        /Date\.now|new Date\(\)|Math\.random|performance\.|\bcrypto\b|\bprocess\.|\bBuffer\b|globalThis|\bimport\(/,
        file
      )
    }
  })
})
