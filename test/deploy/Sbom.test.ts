import { assert, describe, it } from "@effect/vitest"
import { sbom } from "../../scripts/sbom.mjs"

describe("npm run sbom", () => {
  it("names what runs and nothing of development, the same each time", { timeout: 120_000 }, () => {
    const document = sbom()
    const names = document.components.map((_) => _.name)
    for (
      const name of [
        "effect",
        "@effect/platform",
        "better-sqlite3",
        "kafkajs",
        "mysql2",
        "prom-client",
        "react",
        "next"
      ]
    ) {
      assert.include(names, name)
    }
    for (const name of ["vitest", "typescript", "esbuild", "playwright-core", "kubernetes-models"]) {
      assert.notInclude(names, name)
    }
    for (const { purl, version } of document.components) assert.include(purl, `@${version}`)
    assert.deepStrictEqual(sbom(), document)
  })
})
