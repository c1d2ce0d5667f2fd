import { parseYaml } from "@redocly/openapi-core"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { notRun } from "../../scripts/not-run.mjs"
import { find } from "../../scripts/servers/server.mjs"
import { inProject } from "../../scripts/setup.mjs"

export interface Rule {
  readonly record?: string
  readonly alert?: string
  readonly expr: string
  readonly for?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

export interface RuleFile {
  readonly groups: ReadonlyArray<
    { readonly name: string; readonly interval?: string; readonly rules: ReadonlyArray<Rule> }
  >
}

export interface RuleTest {
  readonly name: string
  readonly promql_expr_test: ReadonlyArray<
    { readonly expr: string; readonly eval_time: string; readonly exp_samples: ReadonlyArray<unknown> }
  >
}

export interface RuleTestFile {
  readonly rule_files: ReadonlyArray<string>
  readonly tests: ReadonlyArray<RuleTest>
}

export const prometheusFolder = inProject("deploy/prometheus")

export const readYaml = <A>(path: string): A => parseYaml(readFileSync(path, "utf8")) as A

export const filesIn = (folder: string, ending: string): ReadonlyArray<string> =>
  readdirSync(folder).filter((_) => _.endsWith(ending)).toSorted().map((_) => join(folder, _))

export const ruleFiles = filesIn(join(prometheusFolder, "rules"), ".yml")
export const testFiles = filesIn(join(prometheusFolder, "tests"), ".yml")

export const rules: ReadonlyArray<Rule> = ruleFiles.flatMap((file) =>
  readYaml<RuleFile>(file).groups.flatMap((_) => _.rules)
)
export const alerts = rules.filter((_) => _.alert !== undefined)
export const alertNames: ReadonlyArray<string> = [...new Set(alerts.map((_) => _.alert!))]
export const records = rules.filter((_) => _.record !== undefined)

export interface Target {
  readonly refId: string
  readonly expr: string
  readonly legendFormat: string
}

export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly datasource?: { readonly uid: string }
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: ReadonlyArray<Target>
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit: string
      readonly thresholds: { readonly steps: ReadonlyArray<{ readonly value: number | null }> }
    }
  }
}

export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly schemaVersion: number
  readonly panels: ReadonlyArray<Panel>
  readonly templating: { readonly list: ReadonlyArray<{ readonly name: string; readonly query: unknown }> }
}

export const dashboardFiles = filesIn(inProject("deploy/grafana/dashboards"), ".json")

export const dashboards: ReadonlyArray<Dashboard> = dashboardFiles.map((file) => JSON.parse(readFileSync(file, "utf8")))

export interface Query {
  /** Dashboard, panel, and which of its queries. */
  readonly name: string
  readonly panel: Panel
  readonly expr: string
}

export const queries: ReadonlyArray<Query> = dashboards.flatMap((dashboard) =>
  dashboard.panels.flatMap((panel) =>
    (panel.targets ?? []).map(({ expr, refId }) => ({
      name: `${dashboard.title} / ${panel.title} ${refId}`,
      panel,
      expr
    }))
  )
)

/** As Grafana would ask it, with everything chosen. */
export const substituted = (expr: string, window: string): string =>
  expr.replaceAll("$__rate_interval", window).replaceAll(/\$(job|instance)\b/g, ".*")

const suite = "the suites on Prometheus and Alertmanager"
const remedy = "apt-get install prometheus prometheus-alertmanager"

/** Where a program of Prometheus is; undefined, and told, where it is not. */
export const program = (name: "prometheus" | "promtool" | "alertmanager" | "amtool"): string | undefined => {
  const found = find(name === "alertmanager" ? "prometheus-alertmanager" : name) ?? find(name)
  if (found === undefined) notRun(suite, remedy)
  return found
}
