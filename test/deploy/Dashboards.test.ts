import { readdirSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { assert, describe, it } from "vitest"
import { dashboards as made, dashboardsFolder } from "../../scripts/dashboards.mjs"
import { inProject } from "../../scripts/setup.mjs"
import { dashboardFiles, dashboards, readYaml } from "./Deployed.ts"

/** Of Grafana, those that are used here. */
const units = ["s", "ops", "reqps", "percentunit", "short", "bytes"]

describe("the dashboards", () => {
  it("are what scripts/dashboards.mjs makes", () => {
    const expected = made()
    assert.deepStrictEqual(readdirSync(dashboardsFolder).toSorted(), Object.keys(expected).toSorted())
    for (const [name, content] of Object.entries(expected)) {
      assert.strictEqual(readFileSync(join(dashboardsFolder, name), "utf8"), content, "run node scripts/dashboards.mjs")
    }
  })

  it("are named once, as their files", () => {
    assert.deepStrictEqual(dashboards.map((_) => `${_.uid}.json`), dashboardFiles.map((_) => basename(_)))
    assert.lengthOf(new Set(dashboards.map((_) => _.title)), dashboards.length)
  })

  it("ask the data source that is provisioned", () => {
    const { datasources } = readYaml<
      { readonly datasources: ReadonlyArray<{ readonly uid: string; readonly type: string }> }
    >(
      inProject("deploy/grafana/provisioning/datasources/prometheus.yml")
    )
    assert.deepStrictEqual(datasources.map((_) => [_.uid, _.type]), [["prometheus", "prometheus"]])
    for (const { templating } of dashboards) {
      const [first] = templating.list as ReadonlyArray<
        { readonly name: string; readonly current?: { readonly value: string } }
      >
      assert.strictEqual(first!.name, "datasource")
      assert.strictEqual(first!.current?.value, "prometheus")
    }
  })

  for (const { panels, schemaVersion, templating, title } of dashboards) {
    it(`are whole: ${title}`, () => {
      assert.strictEqual(schemaVersion, 39)
      assert.lengthOf(new Set(panels.map((_) => _.id)), panels.length)
      const titles = panels.filter((_) => _.type !== "row").map((_) => _.title)
      assert.lengthOf(new Set(titles), titles.length, titles.join(", "))
      const variables = new Set(templating.list.map((_) => _.name))
      const taken = new Map<string, string>()
      for (const { datasource, fieldConfig, gridPos: { h, w, x, y }, targets, title, type } of panels) {
        assert.isNotEmpty(title)
        assert.isAtMost(x + w, 24, title)
        for (let column = x; column < x + w; column++) {
          for (let row = y; row < y + h; row++) {
            const other = taken.get(`${column},${row}`)
            assert.isUndefined(other, `${title} lies over ${other}`)
            taken.set(`${column},${row}`, title)
          }
        }
        if (type === "row") continue
        assert.include(["timeseries", "stat", "table"], type)
        assert.strictEqual(datasource!.uid, "${datasource}")
        assert.include(units, fieldConfig!.defaults.unit, title)
        const { steps } = fieldConfig!.defaults.thresholds
        assert.isNull(steps[0]!.value)
        const values = steps.slice(1).map((_) => _.value!)
        assert.deepStrictEqual(values, values.toSorted((a, b) => a - b), title)
        assert.isNotEmpty(targets)
        assert.lengthOf(new Set(targets!.map((_) => _.refId)), targets!.length)
        for (const { expr, legendFormat } of targets!) {
          if (type === "timeseries") assert.isNotEmpty(legendFormat, title)
          // a legend of a label that the query does not keep is empty
          if (/^(sum|max|count) by|^histogram_quantile/.test(expr)) {
            const kept = /by \(([^)]+)\)/.exec(expr)![1]!.split(", ")
            for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) assert.include(kept, label, title)
          }
          for (const [, variable] of expr.matchAll(/\$(\w+)/g)) {
            if (!variable!.startsWith("__")) assert.isTrue(variables.has(variable!), `${title}: $${variable}`)
          }
          assert.notMatch(expr, /\[\d+[smh]\].*\$job/, `${title}: a window that is not $__rate_interval`)
        }
        // what counts in units of time says so
        if (targets!.every((_) => /_seconds/.test(_.expr) && !/_count|_cpu_|_gc_|process_start/.test(_.expr))) {
          assert.strictEqual(fieldConfig!.defaults.unit, "s", title)
        }
      }
    })
  }
})
