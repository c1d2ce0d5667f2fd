// @ts-check
/**
 * Puts the rules of deploy/prometheus into the PrometheusRule of deploy/kubernetes, which is written nowhere else:
 * node scripts/prometheus-rule.mjs
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { parse, stringify } from "yaml"
import { inProject } from "./setup.mjs"

export const ruleFile = "deploy/kubernetes/components/monitoring/prometheus-rule.yaml"
const rulesFolder = "deploy/prometheus"

/** Every group of every file of rules, which are told from tests of rules and other configuration by having groups alone. */
const groups = () => {
  const folder = inProject(rulesFolder)
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.ya?ml$/.test(name))
    .toSorted()
    .map((name) => parse(readFileSync(`${folder}/${name}`, "utf8")))
    .filter((content) => content !== null && Object.keys(content).join() === "groups")
    .flatMap((content) => content.groups)
}

/** @returns {string} what the file must hold */
export const prometheusRule = () =>
  "# Made by node scripts/prometheus-rule.mjs from deploy/prometheus; a test compares the two.\n" +
  stringify({
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: { name: "payment-gateway", labels: { "app.kubernetes.io/name": "payment-gateway" } },
    spec: { groups: groups() }
  }, { lineWidth: 0 })

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(inProject(ruleFile), prometheusRule())
