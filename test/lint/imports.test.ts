import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, relative, resolve } from "node:path"
import { afterAll, beforeAll } from "vitest"

const project = resolve(import.meta.dirname, "../..")

/** From which kind of file, what it says. */
type Case = readonly [from: "domain" | "services" | "layers" | "entry" | "test" | "elsewhere" | "web", code: string]

const folders = {
  domain: "src/domain",
  services: "src/services",
  layers: "src/layers/sql",
  entry: "src",
  test: "test/domain",
  elsewhere: "src/helpers",
  web: "web/feed"
}

const importDirection = "gateway(import-direction)"
const noAmbient = "gateway(no-ambient)"

const refused: ReadonlyArray<readonly [...Case, rule: string]> = [
  ["domain", "import { x } from \"../services/Log.ts\"", importDirection],
  ["domain", "import { x } from \"../layers/sql/Schema.ts\"", importDirection],
  ["domain", "import type { X } from \"../services/Log.ts\"", importDirection],
  ["domain", "export { x } from \"../services/Log.ts\"", importDirection],
  ["domain", "export * from \"../services/Log.ts\"", importDirection],
  ["domain", "export type T = import(\"../services/Log.ts\").T", importDirection],
  ["domain", "export const x = () => import(\"../layers/sql/Schema.ts\")", importDirection],
  ["domain", "export const x = (path: string) => import(path)", importDirection],
  ["domain", "import { x } from \"./../domain/../services/Log.ts\"", importDirection],
  ["domain", "import { x } from \"../main.ts\"", importDirection],
  ["domain", "import { x } from \"../../scripts/setup.mjs\"", importDirection],
  ["domain", "import { Layer } from \"effect\"", importDirection],
  ["domain", "import { Schema, Clock as Time } from \"effect\"", importDirection],
  ["domain", "import * as everything from \"effect\"", importDirection],
  ["domain", "import * as Random from \"effect/Random\"", importDirection],
  ["domain", "import { HttpApi } from \"@effect/platform\"", importDirection],
  ["domain", "import { createHash } from \"node:crypto\"", importDirection],
  ["domain", "import { createHash } from \"crypto\"", importDirection],
  ["domain", "import Database from \"better-sqlite3\"", importDirection],
  ["services", "import { x } from \"../layers/sql/Schema.ts\"", importDirection],
  ["services", "import type { X } from \"../layers/sql/Schema.ts\"", importDirection],
  ["services", "import { x } from \"../main.ts\"", importDirection],
  ["services", "import { x } from \"../../test/support.ts\"", importDirection],
  ["services", "import { HttpApi } from \"@effect/platform\"", importDirection],
  ["services", "import { createHash } from \"node:crypto\"", importDirection],
  ["services", "import { Kafka } from \"kafkajs\"", importDirection],
  ["layers", "import { x } from \"../../main.ts\"", importDirection],
  ["layers", "import { x } from \"../../../bench/run.ts\"", importDirection],
  ["entry", "import { x } from \"./main.ts\"", importDirection],
  ["test", "import { x } from \"../../src/main.ts\"", importDirection],
  ["elsewhere", "import { x } from \"../domain/Money.ts\"", importDirection],
  ["web", "import { x } from \"../../src/layers/http/Problem.ts\"", importDirection],
  ["web", "import { type X, y } from \"../../src/layers/http/Problem.ts\"", importDirection],
  ["web", "import type { X } from \"../../src/layers/sql/Dialect.ts\"", importDirection],
  ["web", "import type { X } from \"../../src/services/Log.ts\"", importDirection],
  ["web", "import { x } from \"../../src/layers/client/Transport.ts\"", importDirection],
  ["web", "export const x = () => import(\"../../src/layers/http/Problem.ts\")", importDirection],
  ["web", "import { x } from \"../../src/client.ts\"", importDirection],
  ["web", "import { x } from \"../../scripts/setup.mjs\"", importDirection],
  ["domain", "import { x } from \"../../web/feed/Filter.ts\"", importDirection],
  ["layers", "import { x } from \"../../../web/feed/Filter.ts\"", importDirection],
  ["domain", "export const x = async () => 1", "oxc(no-async-await)"],
  ["services", "export const x = async () => 1", "oxc(no-async-await)"],
  ["services", "export const x = () => setTimeout(() => {}, 1)", "eslint(no-restricted-globals)"],
  ["services", "export const x = process.pid", "eslint(no-restricted-globals)"],
  ["domain", "export const x = Date.now()", noAmbient],
  ["services", "export const now = Date.now", noAmbient],
  ["layers", "export const x = new Date()", noAmbient],
  ["layers", "export const x = Math.random()", noAmbient],
  ["entry", "export const x = Date()", noAmbient]
]

const accepted: ReadonlyArray<Case> = [
  [
    "domain",
    "import { Effect, Either, ParseResult, Schema } from \"effect\"\nexport const x = [Effect, Either, ParseResult, Schema]"
  ],
  ["domain", "export { x } from \"./Money.ts\""],
  ["domain", "export const x = new Date(0).getUTCFullYear() + Date.UTC(2030, 1) + Math.max(1, 2)"],
  ["services", "import { Context, Layer } from \"effect\"\nexport const x = [Context, Layer]"],
  ["services", "export { x } from \"../domain/Money.ts\"\nexport { y } from \"./Log.ts\""],
  [
    "layers",
    "import Database from \"better-sqlite3\"\nimport { createHash } from \"node:crypto\"\nexport const x = [Database, createHash]"
  ],
  [
    "layers",
    "export * from \"../../domain/Money.ts\"\nexport * from \"../../services/Log.ts\"\nexport * from \"../sqlite/File.ts\""
  ],
  ["layers", "export const x = async () => import(\"../http/Page.ts\")"],
  [
    "entry",
    "import { NodeRuntime } from \"@effect/platform-node\"\nimport { x } from \"./layers/sql/Schema.ts\"\nexport const y = [NodeRuntime, x]"
  ],
  ["entry", "export * from \"./services/Log.ts\"\nexport * from \"./domain/Money.ts\""],
  [
    "web",
    "import type { X } from \"../../src/layers/http/Problem.ts\"\nimport { type Y } from \"../../src/layers/http/Csv.ts\"\nexport type Z = [X, Y]"
  ],
  [
    "web",
    "export { x } from \"../../src/domain/Money.ts\"\nexport { y } from \"../../src/layers/client/EventParser.ts\""
  ],
  ["web", "export type T = import(\"../../src/layers/http/Problem.ts\").T"],
  ["web", "export * from \"./Store.ts\"\nexport { useState } from \"react\""],
  ["test", "export * from \"../../src/layers/sql/Schema.ts\"\nexport * from \"../support.ts\""]
]

/** Where a case stands in the copy of the project: a file of its own. */
const fileOf = ([from]: Case | (typeof refused)[number], name: string) => `${folders[from]}/${name}.ts`

describe("the linter", () => {
  let copy: string
  /** The rules that a file broke. */
  const broken = new Map<string, Array<string>>()

  const put = (file: string, code: string) => {
    const path = join(copy, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `${code}\n`)
  }

  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), "gateway-lint-"))
    for (const file of [".oxlintrc.json", "scripts/oxlint-plugin.mjs"]) cpSync(join(project, file), join(copy, file))
    refused.forEach((row, index) => put(fileOf(row, `Refused${index}`), row[1]))
    accepted.forEach((row, index) => put(fileOf(row, `Accepted${index}`), row[1]))
    const { stdout } = spawnSync(join(project, "node_modules/.bin/oxlint"), ["--format=json", "src", "test", "web"], {
      cwd: copy,
      encoding: "utf8"
    })
    for (const { code, filename } of JSON.parse(stdout).diagnostics as Array<{ code: string; filename: string }>) {
      const file = relative(copy, resolve(copy, filename))
      broken.set(file, [...broken.get(file) ?? [], code])
    }
  })

  afterAll(() => rmSync(copy, { recursive: true }))

  refused.forEach((row, index) => {
    const [from, code, rule] = row
    it(`refuses in ${from}: ${code}`, () => assert.include(broken.get(fileOf(row, `Refused${index}`)) ?? [], rule))
  })

  accepted.forEach((row, index) => {
    const [from, code] = row
    it(`accepts in ${from}: ${code.replaceAll("\n", "; ")}`, () =>
      assert.deepStrictEqual(broken.get(fileOf(row, `Accepted${index}`)) ?? [], []))
  })
})

describe("the compiler", () => {
  it("knows Effect's diagnostics", () => {
    const copy = mkdtempSync(join(tmpdir(), "gateway-types-"))
    cpSync(join(project, "tsconfig.json"), join(copy, "tsconfig.json"))
    symlinkSync(join(project, "node_modules"), join(copy, "node_modules"))
    mkdirSync(join(copy, "src/services"), { recursive: true })
    writeFileSync(
      join(copy, "src/services/Wrong.ts"),
      "import { Effect } from \"effect\"\nEffect.log(\"never run\")\nexport const never = new Promise(() => {})\n"
    )
    const { status, stdout } = spawnSync(join(project, "node_modules/.bin/tsc"), ["--noEmit"], {
      cwd: copy,
      encoding: "utf8"
    })
    rmSync(copy, { recursive: true })
    assert.notStrictEqual(status, 0)
    assert.include(stdout, "effect(floatingEffect)")
    assert.include(stdout, "effect(newPromise)")
  })
})
