import { stringifyYaml } from "@redocly/openapi-core"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "vitest"
import { output } from "../../scripts/servers/server.mjs"
import { inProject } from "../../scripts/setup.mjs"
import {
  alertNames,
  alerts,
  program,
  prometheusFolder,
  queries,
  readYaml,
  records,
  type RuleFile,
  ruleFiles,
  rules,
  type RuleTestFile,
  testFiles
} from "./Deployed.ts"
import { documentedMetrics } from "./DocumentedMetrics.ts"
import { named } from "./PromQl.ts"

/** Prometheus's own, and those that our rules make. */
const others = new Set(["up", "ALERTS", ...records.map((_) => _.record!)])
/** What Prometheus adds to all, and the histogram's own. */
const otherLabels = ["job", "instance", "le", "alertname", "alertstate"]

const documented = (metric: string) =>
  documentedMetrics.get(metric) ?? documentedMetrics.get(metric.replace(/_(bucket|sum|count)$/, ""))

const expressions = [
  ...rules.map((_) => ({ name: _.alert ?? _.record!, expr: _.expr })),
  ...queries.map((_) => ({ name: _.name, expr: _.expr }))
]

describe("every rule and every panel", () => {
  for (const { expr, name } of expressions) {
    it(`names only what exists: ${name}`, () => {
      const { labels, selected } = named(expr)
      if (expr.startsWith("histogram_quantile")) {
        assert.deepStrictEqual(selected.map((_) => _.metric.replace(/^.*_/, "")), ["bucket"])
        assert.include(labels, "le")
      }
      const known = new Set(otherLabels)
      for (const { matchers, metric, rangedBy } of selected) {
        if (others.has(metric)) {
          for (
            const label of metric === "up" || metric === "ALERTS"
              ? []
              : ["topic", "group", "partition", "reason", "status"]
          ) {
            known.add(label)
          }
          continue
        }
        const about = documented(metric)
        assert.isDefined(about, `docs/metrics.md has no ${metric}`)
        const isPart = metric !== about!.name
        assert.strictEqual(about!.type === "histogram", isPart, `${metric} of the ${about!.type} ${about!.name}`)
        if (about!.type !== "gauge") {
          assert.include(
            ["rate", "increase"],
            rangedBy,
            `${metric} is counted: what it was since the start says little`
          )
        }
        for (const { label, operator, value } of matchers) {
          if (otherLabels.includes(label)) continue
          const values = about!.labels.get(label)
          assert.isDefined(values, `${metric} has no label ${label}`)
          if (label === "http_route") {
            assert.isTrue(isRoute(value), `${value} is no route of the contract`)
          } else if (operator.startsWith("=") && values!.length > 1 && !/[.*+]/.test(value)) {
            for (const one of value.split("|")) {
              if (label !== "http_request_method" && label !== "http_response_status_class") {
                assert.include(values!, one, `${metric}{${label}}`)
              }
            }
          }
        }
        for (const label of about!.labels.keys()) known.add(label)
      }
      for (const label of labels) assert.isTrue(known.has(label), `there is no label ${label}`)
    })
  }

  it("shows or watches every metric of ours", () => {
    const used = new Set(expressions.flatMap(({ expr }) => named(expr).selected.map((_) => documented(_.metric)?.name)))
    const unused = [...documentedMetrics.keys()].filter((_) => /^(gateway|http)_/.test(_) && !used.has(_))
    assert.deepStrictEqual(unused, [])
  })
})

const apiSources = readdirSync(inProject("src/layers/http")).filter((_) => _.endsWith("Api.ts"))
  .map((_) => readFileSync(inProject(join("src/layers/http", _)), "utf8")).join("\n")
const isRoute = (path: string) => apiSources.includes(`"${path}"`)

const runbooks = readdirSync(inProject("docs/runbooks")).filter((_) => _ !== "README.md")

describe("every alert", () => {
  for (const alert of alerts) {
    it(`says what it means and what to do: ${alert.alert} ${alert.labels?.["role"] ?? ""}`, () => {
      assert.match(alert.alert!, /^Gateway[A-Z][A-Za-z]+$/)
      assert.include(["critical", "warning"], alert.labels!["severity"])
      assert.isNotEmpty(alert.annotations!["summary"])
      assert.match(alert.annotations!["description"]!, /\.$/)
      assert.strictEqual(alert.annotations!["runbook_url"], `docs/runbooks/${alert.alert}.md`)
    })
  }

  it("has a runbook, and every runbook an alert", () => {
    assert.deepStrictEqual(runbooks.toSorted(), alertNames.map((_) => `${_}.md`).toSorted())
    for (const file of runbooks) {
      const text = readFileSync(inProject(join("docs/runbooks", file)), "utf8")
      assert.isTrue(text.startsWith(`# ${file.replace(/\.md$/, "")}\n`), file)
      const sections = [...text.matchAll(/^## (.+)$/gm)].map((_) => _[1])
      assert.deepStrictEqual(sections, ["What it means", "How to see it", "What to do", "When it ends"], file)
    }
  })

  it("has a runbook whose queries name what exists, and whose links lead somewhere", () => {
    for (const file of runbooks) {
      const text = readFileSync(inProject(join("docs/runbooks", file)), "utf8")
      const asked = [...text.matchAll(/```promql\n([^`]+)```/g)].flatMap((_) => _[1]!.trim().split("\n"))
      assert.isNotEmpty(asked, file)
      for (const expr of asked) {
        for (const { metric } of named(expr).selected) {
          assert.isTrue(others.has(metric) || documented(metric) !== undefined, `${file}: ${metric}`)
        }
      }
      for (const [, link] of text.matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
        assert.isTrue(existsSync(inProject(join("docs/runbooks", link!))), `${file}: ${link}`)
      }
    }
  })

  for (const name of alertNames) {
    it(`is tested to fire, not before its time, and to be silent: ${name}`, () => {
      const about = testFiles.flatMap((file) => readYaml<RuleTestFile>(file).tests).map((test) =>
        test.promql_expr_test.filter((_) => _.expr === `ALERTS{alertname="${name}",alertstate="firing"}`)
      ).filter((_) => _.length > 0)
      const fires = about.filter((_) => _.some((one) => one.exp_samples.length > 0))
      assert.isTrue(fires.some((_) => _.some((one) => one.exp_samples.length === 0)), "it fires, and not before")
      assert.isAbove(about.length, fires.length, "it is silent")
    })
  }
})

const promtool = program("promtool")
const amtool = program("amtool")
const folder = mkdtempSync(join(tmpdir(), "gateway-rules-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf(promtool === undefined)("promtool", { timeout: 180_000 }, () => {
  it("finds nothing wrong with the configurations and the rules", async () => {
    const configurations = ["prometheus.yml", "prometheus.local.yml"].map((_) => join(prometheusFolder, _))
    for (const args of [["check", "config", ...configurations], ["check", "rules", ...ruleFiles]]) {
      const { ok, said } = await output(promtool!, args)
      assert.isTrue(ok, said)
      assert.notMatch(said, /FAILED|warning/i)
    }
  })

  for (const file of testFiles) {
    it(`sees the alerts do what ${file.slice(file.lastIndexOf("/") + 1)} says`, async () => {
      const { ok, said } = await output(promtool!, ["test", "rules", file])
      assert.isTrue(ok, said)
    })
  }

  /** The alert, and what has to be recorded for it. */
  const neededBy = (name: string): ReadonlySet<string> => {
    const needed = new Set([name])
    for (const one of needed) {
      for (const { expr } of rules.filter((_) => (_.record ?? _.alert) === one)) {
        for (const { metric } of named(expr).selected) if (others.has(metric)) needed.add(metric)
      }
    }
    return needed
  }

  /** The tests of one alert, on rules where it alone is changed. */
  const survives = async (name: string, change: (expr: string) => string) => {
    const needed = neededBy(name)
    const changedRules = ruleFiles.map((file, index) => {
      const { groups } = readYaml<RuleFile>(file)
      const path = join(folder, `${name}-${index}.yml`)
      writeFileSync(
        path,
        stringifyYaml({
          groups: groups.map((group) => ({
            ...group,
            rules: group.rules.filter((_) => needed.has(_.record ?? _.alert!)).map((rule) =>
              rule.alert === undefined ? rule : { ...rule, expr: change(rule.expr) }
            )
          })).filter((_) => _.rules.length > 0)
        })
      )
      return path
    })
    for (const file of testFiles) {
      const tests = readYaml<RuleTestFile>(file)
      const own = tests.tests.filter((_) => _.name.startsWith(`${name}:`))
      if (own.length === 0) continue
      const path = join(folder, `${name}-tests.yml`)
      writeFileSync(path, stringifyYaml({ ...tests, rule_files: changedRules, tests: own }))
      const { ok, said } = await output(promtool!, ["test", "rules", path])
      if (!ok) {
        assert.match(said, /exp:/, "it fails because of what it expects")
        return false
      }
    }
    return true
  }

  /** Each comparison of an expression in turn, with its threshold changed or turned round. */
  const comparison = /(>|==) (\d+(?:\.\d+)?)/g
  for (const name of alertNames.filter((_) => _ !== "GatewayRoleMissing")) {
    it(`fails when the threshold of ${name} is another`, async () => {
      const { expr } = alerts.find((_) => _.alert === name)!
      const comparisons = [...expr.matchAll(comparison)]
      assert.isNotEmpty(comparisons)
      const first = (change: (operator: string, threshold: string) => string) => (text: string) => {
        let done = false
        return text.replace(comparison, (whole, operator: string, threshold: string) => {
          if (done) return whole
          done = true
          return change(operator, threshold)
        })
      }
      assert.isFalse(
        await survives(name, first((operator, threshold) => `${operator === ">" ? "<" : "!="} ${threshold}`)),
        "turned round"
      )
      assert.isFalse(
        await survives(name, first((operator, threshold) => `${operator} ${Number(threshold) * 10 + 7}`)),
        "higher"
      )
      assert.isFalse(
        await survives(
          name,
          first((_, threshold) => Number(threshold) === 0 ? ">= 0" : `>= ${Number(threshold) * .85}`)
        ),
        "lower"
      )
    })
  }

  it("fails when GatewayRoleMissing looks for another role", async () => {
    assert.isFalse(await survives("GatewayRoleMissing", (_) => _.replace("processor", "panel")))
    assert.isTrue(await survives("GatewayRoleMissing", (_) => _))
  })
})

describe.skipIf(amtool === undefined)("amtool", { timeout: 60_000 }, () => {
  const file = inProject("deploy/alertmanager/alertmanager.yml")

  it("finds nothing wrong with the configuration", async () => {
    const { ok, said } = await output(amtool!, ["check-config", file])
    assert.isTrue(ok, said)
  })

  it("sends what is critical to the page and the rest to the ticket", async () => {
    for (const [severity, receiver] of [["critical", "page"], ["warning", "ticket"]] as const) {
      const { said } = await output(amtool!, [
        "config",
        "routes",
        "test",
        `--config.file=${file}`,
        `severity=${severity}`
      ])
      assert.match(said, new RegExp(`^${receiver}$`, "m"))
    }
  })
})

describe("alertmanager.yml", () => {
  const { inhibit_rules, receivers } = readYaml<{
    readonly receivers: ReadonlyArray<Readonly<Record<string, unknown>>>
    readonly inhibit_rules: ReadonlyArray<
      { readonly source_matchers: ReadonlyArray<string>; readonly target_matchers: ReadonlyArray<string> }
    >
  }>(inProject("deploy/alertmanager/alertmanager.yml"))

  it("tells nobody, as it comes", () => {
    for (const receiver of receivers) assert.deepStrictEqual(Object.keys(receiver), ["name"])
  })

  it("names only alerts that exist", () => {
    for (const { source_matchers, target_matchers } of inhibit_rules) {
      for (const matcher of [...source_matchers, ...target_matchers]) {
        const names = /^alertname=~?"(.+)"$/.exec(matcher)?.[1]?.split("|") ?? []
        for (const name of names) assert.include(alertNames, name)
      }
    }
  })
})
