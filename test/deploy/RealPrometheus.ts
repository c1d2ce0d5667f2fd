import { stringifyYaml } from "@redocly/openapi-core"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { freePorts, makeServer } from "../../scripts/servers/server.mjs"
import { prometheusFolder, readYaml, type RuleFile, ruleFiles } from "./Deployed.ts"

export interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly values: ReadonlyArray<number>
}

export interface RealPrometheus {
  /** What it answers to a query at this moment, or over the last seconds. */
  readonly ask: (expr: string, lastSeconds?: number) => Promise<ReadonlyArray<Series>>
  /** The rules as it holds them, with what went wrong. */
  readonly rules: () => Promise<
    ReadonlyArray<{ readonly name: string; readonly health: string; readonly lastError?: string }>
  >
  readonly stop: () => Promise<unknown>
}

interface Configuration {
  readonly scrape_configs: ReadonlyArray<object>
}

/** Our configuration and rules, asked for every second, and with the targets that the test has. */
export const startPrometheus = async (
  command: string,
  folder: string,
  jobs: Readonly<Record<string, ReadonlyArray<number>>>
): Promise<RealPrometheus> => {
  mkdirSync(folder, { recursive: true })
  const rule_files = ruleFiles.map((file, index) => {
    const path = join(folder, `rules-${index}.yml`)
    const { groups } = readYaml<RuleFile>(file)
    writeFileSync(path, stringifyYaml({ groups: groups.map(({ name, rules }) => ({ name, rules })) }))
    return path
  })
  const configuration = {
    ...readYaml<Configuration>(join(prometheusFolder, "prometheus.local.yml")),
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files,
    scrape_configs: Object.entries(jobs).map(([job_name, ports]) => ({
      job_name,
      static_configs: [{ targets: ports.map((_) => `127.0.0.1:${_}`) }]
    }))
  }
  const file = join(folder, "prometheus.yml")
  writeFileSync(file, stringifyYaml(configuration))
  const [port] = await freePorts(1)
  const url = `http://127.0.0.1:${port}`
  const get = async <A>(path: string): Promise<A> => {
    const answer = await fetch(`${url}/api/v1/${path}`, { signal: AbortSignal.timeout(30_000) })
    const { data, error, status } = await answer.json() as {
      readonly status: string
      readonly error?: string
      readonly data: A
    }
    if (status !== "success") throw new Error(`${path}: ${error}`)
    return data
  }
  const server = makeServer({
    name: "Prometheus",
    command,
    args: [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn"
    ],
    port: port!,
    logFile: join(folder, "prometheus.log"),
    answers: () => fetch(`${url}/-/ready`).then((_) => _.ok, () => false),
    startLimit: 120_000,
    stopLimit: 30_000
  })
  await server.start()
  return {
    ask: async (expr, lastSeconds) => {
      const now = Date.now() / 1000
      const query = `query=${encodeURIComponent(expr)}`
      const { result } = await get<
        {
          readonly result: ReadonlyArray<{
            readonly metric: Readonly<Record<string, string>>
            readonly value?: readonly [number, string]
            readonly values?: ReadonlyArray<readonly [number, string]>
          }>
        }
      >(
        lastSeconds === undefined
          ? `query?${query}`
          : `query_range?${query}&start=${now - lastSeconds}&end=${now}&step=1`
      )
      return result.map(({ metric, value, values = value === undefined ? [] : [value] }) => ({
        metric,
        values: values.map((_) => Number(_[1])).filter((_) => Number.isFinite(_))
      })).filter((_) => _.values.length > 0)
    },
    rules: async () =>
      (await get<{ readonly groups: ReadonlyArray<{ readonly rules: Awaited<ReturnType<RealPrometheus["rules"]>> }> }>(
        "rules"
      )).groups.flatMap((_) => _.rules),
    stop: () => server.stop()
  }
}
