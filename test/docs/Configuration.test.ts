import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Duration, Effect, Layer, Option, Predicate, Redacted } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { inProject } from "../../scripts/setup.mjs"
import { CliSettings } from "../../src/layers/cli/CliSettings.ts"
import * as GatewaySettings from "../../src/layers/Settings.ts"
import { documentedVariables } from "./ConfigurationPage.ts"

/** A layer has the services that it makes. */
const settings: Readonly<Record<string, Config.Config<unknown> | Layer.Layer<never, unknown>>> = {
  ...GatewaySettings,
  CliSettings
}

/** What the settings load to, as text, by the place where it is used; what is absent has no entry. */
type Leaves = ReadonlyMap<string, string>

const leavesOf = (place: string, value: unknown): ReadonlyArray<readonly [string, string]> => {
  if (value === undefined || (Option.isOption(value) && Option.isNone(value))) return []
  if (Option.isOption(value)) return leavesOf(place, Option.getOrThrow(value))
  if (Redacted.isRedacted(value)) return leavesOf(place, Redacted.value(value))
  if (Duration.isDuration(value)) return [[place, `${Duration.toMillis(value)}`]]
  if (Predicate.hasProperty(value, "label")) return [[place, `${value.label}`.toLowerCase()]]
  if (Predicate.isRecord(value)) {
    return Object.entries(value).flatMap(([name, member]) => leavesOf(`${place}.${name}`, member))
  }
  return [[place, `${value}`]]
}

const load = (provider: ConfigProvider.ConfigProvider): Effect.Effect<Leaves, unknown> =>
  Effect.forEach(Object.entries(settings), ([name, setting]) =>
    Config.isConfig(setting)
      ? Effect.map(provider.load(setting), (value) => leavesOf(name, value))
      : Layer.build(setting).pipe(
        Effect.scoped,
        Effect.withConfigProvider(provider),
        Effect.map(({ unsafeMap }) => Array.from(unsafeMap).flatMap(([key, service]) => leavesOf(key, service)))
      )).pipe(Effect.map((leaves) => new Map(leaves.flat())))

const given = (environment: Readonly<Record<string, string>>) =>
  load(ConfigProvider.fromMap(new Map(Object.entries(environment))))

/** The names that are asked for. */
const namesInCode = Effect.gen(function*() {
  const asked = new Set<string>()
  const empty = ConfigProvider.fromMap(new Map())
  const { flattened } = empty
  yield* load(ConfigProvider.fromFlat(ConfigProvider.makeFlat({
    patch: flattened.patch,
    enumerateChildren: (path) => flattened.enumerateChildren(path),
    load: (path, primitive, split) => {
      asked.add(path.join("."))
      return flattened.load(path, primitive, split)
    }
  })))
  return Array.from(asked).toSorted()
})

/** One of them is taken by any variable and is not its default. */
const samples = [
  "7",
  "8",
  "true",
  "a:7",
  "http://a:7",
  "0.5",
  "10.0.0.7",
  "scram-sha-256",
  "json",
  "pretty",
  "debug",
  "error",
  `k7:${Buffer.alloc(32).toString("base64")}`
]

/** The value at the place that the variable changes when nothing is set; null when there is none. */
const defaultInCode = Effect.fnUntraced(function*(name: string) {
  const unset = yield* given({})
  for (const sample of samples) {
    const set = yield* Effect.option(given({ [name]: sample }))
    if (Option.isNone(set)) continue
    const changed = Array.from(set.value.keys()).filter((place) => set.value.get(place) !== unset.get(place))
    if (changed.length === 0) continue
    assert.lengthOf(changed, 1, `${name} is used at one place`)
    return unset.get(changed[0]!) ?? null
  }
  return assert.fail(`none of ${samples.join(", ")} is a value of ${name}`)
})

describe("docs/configuration.md", () => {
  it.effect("has every variable that the code reads, once, and no other", () =>
    Effect.map(namesInCode, (names) => {
      assert.isAbove(names.length, 20)
      assert.deepStrictEqual(documentedVariables().map((_) => _.name).toSorted(), names)
    }))

  for (const { byDefault, name, unit, what } of documentedVariables()) {
    it.effect(`tells the default of ${name}, its unit and what it does`, () =>
      Effect.map(defaultInCode(name), (inCode) => {
        assert.strictEqual(byDefault, inCode)
        assert.strictEqual(unit === "ms", name.endsWith("_MS"))
        assert.isNotEmpty(unit)
        assert.match(what, /\.$/)
      }))
  }

  it("misses nothing, because only Settings.ts and CliSettings.ts read the environment", () => {
    const readers = new Set([join("layers", "Settings.ts"), join("layers", "cli", "CliSettings.ts")])
    const reads = readdirSync(inProject("src"), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts") && !readers.has(path))
      .filter((path) =>
        /\bprocess\.env\b|\bConfig\.(?!all\b|map\b|withDefault\b|isConfig\b|Config\b)[a-z]\w*\(/.test(
          readFileSync(inProject(join("src", path)), "utf8")
        )
      )
    assert.deepStrictEqual(reads, [])
  })
})
