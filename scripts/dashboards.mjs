// @ts-check
/**
 * `node scripts/dashboards.mjs` writes deploy/grafana/dashboards: what Grafana serves is committed, and
 * test/deploy/Dashboards.test.ts compares the two.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { inProject } from "./setup.mjs"

/**
 * @typedef {readonly [expression: string, legend: string]} Query
 * @typedef {object} Look
 * @property {string} unit of Grafana: s, ops, reqps, percentunit, short, bytes
 * @property {string} [about] for whoever does not know it
 * @property {number} [width] of 24
 * @property {number} [height]
 * @property {number} [max]
 * @property {number} [decimals]
 * @property {boolean} [stacked]
 * @property {ReadonlyArray<readonly [from: number, color: string]>} [thresholds] green below the first
 * @property {string} [base] another colour below the first
 * @typedef {object} Panel
 * @property {"timeseries" | "stat" | "table"} type
 * @property {string} title
 * @property {ReadonlyArray<Query>} queries
 * @property {Look} look
 * @typedef {object} Dashboard
 * @property {string} title
 * @property {string} about
 * @property {boolean} perProcess with variables for jobs and instances
 * @property {ReadonlyArray<readonly [row: string, panels: ReadonlyArray<Panel>]>} rows
 */

/** @param {string} title @param {ReadonlyArray<Query>} queries @param {Look} look @returns {Panel} */
const graph = (title, queries, look) => ({ type: "timeseries", title, queries, look })

/** @param {string} title @param {string} expression @param {Look} look @returns {Panel} */
const number = (title, expression, look) => ({ type: "stat", title, queries: [[expression, title]], look })

/** @param {number} orange @param {number} red */
const above = (orange, red) => /** @type {const} */ ([[orange, "orange"], [red, "red"]])

/** The processes that the variables choose. */
const chosen = `job=~"$job",instance=~"$instance"`

/** @param {number} quantile @param {string} by @param {string} histogram @param {string} [labels] */
const quantile = (quantile, by, histogram, labels = chosen) =>
  `histogram_quantile(${quantile}, sum by (${by}) (rate(${histogram}_bucket{${labels}}[$__rate_interval])))`

/** @param {string} by @param {string} counter @param {string} [labels] */
const rate = (by, counter, labels = chosen) =>
  `sum${by === "" ? "" : ` by (${by})`} (rate(${counter}{${labels}}[$__rate_interval]))`

/** @param {string} histogram @param {string} labels */
const mean = (histogram, labels) =>
  `sum by (stage) (rate(${histogram}_sum{${labels}}[$__rate_interval])) / sum by (stage) (rate(${histogram}_count{${labels}}[$__rate_interval]))`

const where = "{{job}} {{instance}}"

/** @param {string} stages */
const batches = (stages) => [
  graph("Items written together", [[mean("gateway_batch_size", `stage=~"${stages}",${chosen}`), "{{stage}}"]], {
    unit: "short",
    about: "The mean size of a batch. It grows with the load: a write costs the same for one and for a hundred."
  }),
  graph("Time of a write, p95", [
    [quantile(.95, "stage, le", "gateway_batch_write_seconds", `stage=~"${stages}",${chosen}`), "{{stage}}"]
  ], {
    unit: "s",
    thresholds: above(.1, .5),
    about: "A flushed commit, or an append to the log, with its repetitions."
  })
]

/** @param {string} database */
const pool = (database) => [
  graph("Connections", [
    [
      `sum by (instance, state) (gateway_database_connections{database="${database}",${chosen}})`,
      "{{instance}} {{state}}"
    ],
    [`max by (instance) (gateway_database_connections_limit{database="${database}",${chosen}})`, "{{instance}} limit"]
  ], { unit: "short", width: 8, about: "On MySQL. SQLite has one connection and no pool." }),
  graph("Statements that wait for a connection", [
    [`sum by (instance) (gateway_database_waiting_statements{database="${database}",${chosen}})`, "{{instance}}"]
  ], { unit: "short", width: 8, thresholds: above(1, 10), about: "On MySQL." }),
  graph("Wait for a connection, p95", [
    [
      quantile(.95, "instance, le", "gateway_database_acquire_seconds", `database="${database}",${chosen}`),
      "{{instance}}"
    ]
  ], { unit: "s", width: 8, thresholds: above(.05, .5), about: "On MySQL." })
]

const alerts = number(
  "Alerts",
  "count(ALERTS{alertname=~\"Gateway.+\",alertstate=\"firing\"}) or vector(0)",
  { unit: "short", width: 3, height: 4, thresholds: [[1, "red"]], about: "That fire now." }
)

/** @type {Readonly<Record<string, Dashboard>>} */
const described = {
  "gateway-overview": {
    title: "Overview",
    about: "Is it well? What is promised to clients, what is left of the error budget, and what waits.",
    perProcess: false,
    rows: [
      ["Now", [
        alerts,
        number("Accepting succeeds", "gateway:accept_success:ratio_rate5m", {
          unit: "percentunit",
          decimals: 2,
          width: 3,
          height: 4,
          base: "red",
          thresholds: [[.9856, "orange"], [.999, "green"]],
          about:
            "Of POST /v1/transactions in 5 minutes, what was not answered with 5xx. Promised are 99.9 % of 30 days."
        }),
        number("Error budget left", "gateway:error_budget_remaining:ratio30d", {
          unit: "percentunit",
          decimals: 0,
          width: 3,
          height: 4,
          base: "red",
          thresholds: [[0, "orange"], [.5, "green"]],
          about: "Of the 0.1 % that may fail in 30 days. Prometheus must keep as much."
        }),
        number("Accepting, p95", "gateway:accept_duration_seconds:p95_5m", {
          unit: "s",
          width: 3,
          height: 4,
          thresholds: above(.25, 1),
          about: "Requests that wait for their decision are among these, as long as they wait."
        }),
        number("To the decision, p95", "gateway:accept_to_decision_seconds:p95_5m", {
          unit: "s",
          width: 3,
          height: 4,
          thresholds: above(1, 5)
        }),
        number("Waiting", "gateway:waiting_transactions:max", {
          unit: "short",
          width: 3,
          height: 4,
          thresholds: above(1000, 10000),
          about: "Without a decision, and not parked."
        }),
        number("Oldest without a decision", "gateway:undecided_oldest_age_seconds:max", {
          unit: "s",
          width: 3,
          height: 4,
          thresholds: above(10, 60),
          about: "Parked ones are among these."
        }),
        number("Parked", "sum(gateway:parked_transactions:max)", {
          unit: "short",
          width: 3,
          height: 4,
          thresholds: [[1, "red"]]
        })
      ]],
      ["Service levels", [
        graph("Accepted, decided, recorded", [
          ["gateway:accepted:rate5m", "accepted"],
          ["gateway:decided:rate5m", "{{status}}"],
          ["gateway:recorded:rate5m", "recorded"]
        ], { unit: "ops", about: "What is accepted comes out as approved or rejected, and is recorded." }),
        graph("How fast the error budget burns", [
          ["gateway:accept_errors:ratio_rate5m / 0.001", "5 min"],
          ["gateway:accept_errors:ratio_rate1h / 0.001", "1 h"],
          ["gateway:accept_errors:ratio_rate6h / 0.001", "6 h"]
        ], {
          unit: "short",
          thresholds: above(6, 14.4),
          about: "1 spends it in 30 days. 6 for 6 hours is a warning, 14.4 for an hour wakes somebody."
        }),
        graph("Success against the promise", [["gateway:accept_success:ratio_rate5m", "success"], [
          "vector(0.999)",
          "promised"
        ]], {
          unit: "percentunit",
          decimals: 2,
          max: 1
        }),
        graph("From acceptance to decision", [
          ["gateway:accept_to_decision_seconds:p50_5m", "p50"],
          ["gateway:accept_to_decision_seconds:p95_5m", "p95"],
          ["gateway:accept_to_decision_seconds:p99_5m", "p99"]
        ], { unit: "s", thresholds: above(1, 5) }),
        graph("Answers to POST /v1/transactions", [[
          rate(
            "http_response_status_class",
            "http_server_request_duration_seconds_count",
            "http_route=\"/v1/transactions\",http_request_method=\"POST\""
          ),
          "{{http_response_status_class}}"
        ]], { unit: "reqps", stacked: true }),
        graph("Processes of each role", [["count by (role) (gateway_build_info)", "{{role}}"]], {
          unit: "short",
          decimals: 0,
          about: "That Prometheus can see. The embedded profile has one, of the role all."
        })
      ]],
      ["What waits", [
        graph("Without a decision", [
          ["gateway:waiting_transactions:max", "waiting"],
          ["gateway:parked_transactions:max > 0 or gateway:parked_transactions:max * 0", "parked: {{reason}}"]
        ], { unit: "short" }),
        graph("Lag", [["gateway:log_lag_records:sum", "{{group}} on {{topic}}"]], {
          unit: "short",
          about: "Records that a group has not finished."
        })
      ]]
    ]
  },
  "gateway-pipeline": {
    title: "Pipeline",
    about: "Stage by stage: where does it stand, and how far behind is it?",
    perProcess: true,
    rows: [
      ["Through", [
        graph("Accepted, decided, recorded", [
          [rate("", "gateway_accepted_total"), "accepted"],
          [rate("", "gateway_decided_total"), "decided"],
          [rate("", "gateway_recorded_total"), "recorded"]
        ], { unit: "ops", width: 8 }),
        graph("From acceptance to decision", [
          [quantile(.5, "le", "gateway_accept_to_decision_seconds"), "p50"],
          [quantile(.95, "le", "gateway_accept_to_decision_seconds"), "p95"],
          [quantile(.99, "le", "gateway_accept_to_decision_seconds"), "p99"]
        ], { unit: "s", width: 8, thresholds: above(1, 5) }),
        graph("Without a decision", [
          ["gateway:undecided_transactions:max", "undecided"],
          ["gateway:waiting_transactions:max", "and not parked"]
        ], { unit: "short", width: 8 })
      ]],
      ["Behind", [
        graph("Lag in records", [["gateway:log_lag_records:max", "{{group}} on {{topic}} {{partition}}"]], {
          unit: "short",
          width: 8,
          about: "That the group has not committed; it commits once a second."
        }),
        graph("Lag in seconds", [["gateway:log_lag_seconds:max", "{{group}} on {{topic}} {{partition}}"]], {
          unit: "s",
          width: 8,
          thresholds: above(30, 300),
          about: "Age of the oldest of them."
        }),
        graph("Oldest without a decision", [["gateway:undecided_oldest_age_seconds:max", "age"]], {
          unit: "s",
          width: 8,
          thresholds: above(10, 60)
        }),
        graph("Partitions that are read", [
          [`sum by (topic, group) (gateway_consumer_assigned_partitions{${chosen}})`, "{{group}} on {{topic}}"]
        ], { unit: "short", decimals: 0, width: 8 }),
        graph("Partitions that wait", [
          [`sum by (topic, group) (gateway_consumer_paused_partitions{${chosen}})`, "{{group}} on {{topic}}"]
        ], { unit: "short", decimals: 0, width: 8, about: "A batch failed there, or takes long. On Kafka." }),
        graph("Age of what is told here", [
          ["time() - max(gateway_backlog_last_success_timestamp_seconds)", "backlog"],
          [
            "time() - max by (topic, group) (gateway_log_lag_last_success_timestamp_seconds)",
            "lag of {{group}} on {{topic}}"
          ]
        ], {
          unit: "s",
          width: 8,
          thresholds: above(60, 300),
          about:
            "The recorder asks every 5 s, less often where the answer takes long. After 300 s it counts as unknown."
        })
      ]],
      ["Batches", batches(".*")],
      ["Healed and put aside", [
        graph("Lost by the fast path", [[rate("topic", "gateway_lane_dropped_total"), "{{topic}}"]], {
          unit: "ops",
          width: 8,
          about: "No room in a lane, or no log. The recorder sends transactions again."
        }),
        graph("Sent again", [[rate("", "gateway_resends_total"), "submissions"]], { unit: "ops", width: 8 }),
        graph("Records put aside", [
          [rate("topic, reason", "gateway_parked_records_total"), "{{topic}}: {{reason}}"]
        ], { unit: "ops", width: 8, about: "To transactions_dead, foreign ones and repetitions among them." }),
        graph("Parked now", [["gateway:parked_transactions:max", "{{reason}}"]], {
          unit: "short",
          width: 8,
          stacked: true,
          about: "Submissions with the mark. It goes when they are decided."
        }),
        graph("Batches that failed", [
          [rate("topic, group", "gateway_consumer_batch_failures_total"), "{{group}} on {{topic}}"]
        ], { unit: "ops", width: 8, about: "Each is tried again until it is done." }),
        graph("Consumers", [
          [rate("topic, group", "gateway_consumer_rebalances_total"), "{{group}} on {{topic}} shared out anew"],
          [rate("topic, group", "gateway_consumer_restarts_total"), "{{group}} on {{topic}} made anew"]
        ], { unit: "ops", width: 8, about: "On Kafka." })
      ]]
    ]
  },
  "gateway-intake": {
    title: "Intake",
    about: "What clients ask, what they are answered, and how long it takes.",
    perProcess: true,
    rows: [
      ["Requests", [
        graph("Requests", [
          [
            rate("http_request_method, http_route", "http_server_request_duration_seconds_count"),
            "{{http_request_method}} {{http_route}}"
          ]
        ], { unit: "reqps" }),
        graph("Answers", [
          [
            rate("http_response_status_class", "http_server_request_duration_seconds_count"),
            "{{http_response_status_class}}"
          ]
        ], { unit: "reqps", stacked: true }),
        graph("Time to the end of the answer, p95", [
          [
            quantile(
              .95,
              "http_request_method, http_route, le",
              "http_server_request_duration_seconds",
              `http_route!="/v1/transactions/events",${chosen}`
            ),
            "{{http_request_method}} {{http_route}}"
          ]
        ], {
          unit: "s",
          thresholds: above(.25, 1),
          about: "A request that waits for a decision takes as long as it waits."
        }),
        graph("Problems", [[rate("problem", "gateway_http_problems_total"), "{{problem}}"]], {
          unit: "reqps",
          about: "By code. Shed are overloaded and shutting_down."
        })
      ]],
      ["Clients", [
        graph("Being answered now", [
          [`sum(http_server_active_requests{${chosen}})`, "requests"],
          [`sum(gateway_waiting_requests{${chosen}})`, "that wait for a decision"],
          [`sum(gateway_event_streams{${chosen}})`, "event streams"]
        ], { unit: "short", width: 8 }),
        graph("Idempotency keys", [[rate("outcome", "gateway_idempotency_total"), "{{outcome}}"]], {
          unit: "reqps",
          width: 8,
          about: "first: not seen before. replayed: the same request again. reused: for another request, refused."
        }),
        graph("Event streams that ended", [[rate("reason", "gateway_event_streams_closed_total"), "{{reason}}"]], {
          unit: "ops",
          width: 8
        })
      ]],
      ["Storing", [
        ...batches("accept|append"),
        graph("Statements run again", [
          [rate("cause", "gateway_storage_retries_total", `stage="accept",${chosen}`), "{{cause}}"]
        ], { unit: "ops", about: "contention: a deadlock or a lock that did not come. unknown_outcome: no answer." }),
        graph("Lost by the fast path", [[rate("topic", "gateway_lane_dropped_total"), "{{topic}}"]], { unit: "ops" }),
        ...pool("gateway")
      ]]
    ]
  },
  "gateway-processor-recorder": {
    title: "Processor and recorder",
    about: "What is decided, what is recorded, and what stands in the way.",
    perProcess: true,
    rows: [
      ["Processor", [
        graph("Decisions", [[rate("status, reason", "gateway_decided_total"), "{{status}} {{reason}}"]], {
          unit: "ops",
          width: 8,
          stacked: true
        }),
        graph("From acceptance to decision, p95", [
          [quantile(.95, "instance, le", "gateway_accept_to_decision_seconds"), "{{instance}}"]
        ], { unit: "s", width: 8, thresholds: above(1, 5) }),
        graph("Lag of the processor", [
          ["gateway:log_lag_records:sum{group=\"processor\"}", "records of {{topic}}"]
        ], { unit: "short", width: 8 }),
        ...pool("processor")
      ]],
      ["Recorder", [
        graph("Recorded", [[rate("instance", "gateway_recorded_total"), "{{instance}}"]], { unit: "ops", width: 8 }),
        graph("Sent again", [[rate("instance", "gateway_resends_total"), "{{instance}}"]], { unit: "ops", width: 8 }),
        graph("Lag of the recorder", [
          ["gateway:log_lag_records:sum{group=\"recorder\"}", "records of {{topic}}"]
        ], { unit: "short", width: 8 })
      ]],
      ["Both", [
        ...batches("process|record"),
        graph("Statements run again", [
          [
            rate("stage, cause", "gateway_storage_retries_total", `stage=~"process|record",${chosen}`),
            "{{stage}}: {{cause}}"
          ]
        ], { unit: "ops" }),
        graph("Partitions that are read", [
          [
            `gateway_consumer_assigned_partitions{group=~"processor|recorder",${chosen}}`,
            "{{instance}} {{group}} on {{topic}}"
          ]
        ], { unit: "short", decimals: 0, about: "Shared evenly, when there are several." })
      ]]
    ]
  },
  "gateway-runtime": {
    title: "Runtime",
    about: "The processes: are they there, and what do they use?",
    perProcess: true,
    rows: [
      ["Processes", [
        {
          type: "table",
          title: "Versions",
          queries: [[`gateway_build_info{${chosen}}`, ""]],
          look: { unit: "short", width: 12 }
        },
        graph("Answering and ready", [
          [`up{${chosen}}`, `${where} answers`],
          [`gateway_ready{${chosen}}`, `${where} is ready`]
        ], { unit: "short", decimals: 0, max: 1 }),
        graph("CPU", [
          [`rate(process_cpu_user_seconds_total{${chosen}}[$__rate_interval])`, `${where} user`],
          [`rate(process_cpu_system_seconds_total{${chosen}}[$__rate_interval])`, `${where} system`]
        ], { unit: "percentunit", about: "100 % is one core. JavaScript runs on one." }),
        graph("Event loop, p99", [[`nodejs_eventloop_lag_p99_seconds{${chosen}}`, where]], {
          unit: "s",
          thresholds: above(.1, .25),
          about: "How late a timer is. Since the last scrape."
        }),
        graph("Event loop, worst", [[`nodejs_eventloop_lag_max_seconds{${chosen}}`, where]], { unit: "s" }),
        graph("Starts", [[`changes(process_start_time_seconds{${chosen}}[30m])`, where]], {
          unit: "short",
          decimals: 0,
          thresholds: [[3, "red"]],
          about: "Restarts within 30 minutes."
        })
      ]],
      ["Memory", [
        graph("Memory of the process", [[`process_resident_memory_bytes{${chosen}}`, where]], {
          unit: "bytes",
          width: 8
        }),
        graph("Heap", [
          [`nodejs_heap_size_used_bytes{${chosen}}`, `${where} used`],
          [`nodejs_heap_size_total_bytes{${chosen}}`, `${where} total`]
        ], { unit: "bytes", width: 8 }),
        graph("Outside of the heap", [[`nodejs_external_memory_bytes{${chosen}}`, where]], { unit: "bytes", width: 8 }),
        graph("Garbage collection", [
          [rate("instance, kind", "nodejs_gc_duration_seconds_sum"), "{{instance}} {{kind}}"]
        ], { unit: "percentunit", about: "Part of the time." }),
        graph("Garbage collection, p99 of a pause", [
          [quantile(.99, "instance, kind, le", "nodejs_gc_duration_seconds"), "{{instance}} {{kind}}"]
        ], { unit: "s", thresholds: above(.1, .5) })
      ]],
      ["The rest", [
        graph("File descriptors", [[`process_open_fds{${chosen}} / process_max_fds{${chosen}}`, where]], {
          unit: "percentunit",
          width: 8,
          thresholds: above(.5, .8),
          about: "Those that are open, of those that may be."
        }),
        graph("Handles", [[`sum by (instance, type) (nodejs_active_handles{${chosen}})`, "{{instance}} {{type}}"]], {
          unit: "short",
          width: 8
        }),
        graph("Spans", [[rate("outcome", "gateway_trace_spans_total"), "{{outcome}}"]], {
          unit: "ops",
          width: 8,
          about: "Where OTEL_EXPORTER_OTLP_ENDPOINT is set."
        })
      ]]
    ]
  }
}

const source = { type: "prometheus", uid: "${datasource}" }

/** @param {Panel} panel @param {number} id @param {{ x: number, y: number, w: number, h: number }} gridPos */
const panelOf = ({ look, queries, title, type }, id, gridPos) => {
  const { about = "", base = "green", decimals, max, stacked = false, thresholds = [], unit } = look
  const lines = {
    drawStyle: "line",
    lineWidth: 1,
    fillOpacity: stacked ? 40 : 10,
    showPoints: "never",
    spanNulls: false,
    stacking: { mode: stacked ? "normal" : "none", group: "A" },
    thresholdsStyle: { mode: thresholds.length > 0 ? "dashed" : "off" }
  }
  return {
    id,
    type,
    title,
    description: about,
    datasource: source,
    gridPos,
    targets: queries.map(([expr, legendFormat], index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: source,
      editorMode: "code",
      expr,
      legendFormat,
      ...(type === "timeseries" ? { range: true } : { instant: true, range: false }),
      ...(type === "table" ? { format: "table" } : {})
    })),
    fieldConfig: {
      defaults: {
        unit,
        ...(decimals === undefined ? {} : { decimals }),
        ...(type === "timeseries" && unit !== "percentunit" ? { min: 0 } : {}),
        ...(max === undefined ? {} : { max }),
        color: { mode: type === "stat" ? "thresholds" : "palette-classic" },
        thresholds: {
          mode: "absolute",
          steps: [{ color: base, value: null }, ...thresholds.map(([value, color]) => ({ color, value }))]
        },
        ...(type === "timeseries" ? { custom: lines } : {})
      },
      overrides: []
    },
    options: type === "timeseries"
      ? {
        legend: { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] },
        tooltip: { mode: "multi", sort: "desc" }
      }
      : type === "stat"
      ? {
        reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
        colorMode: "value",
        graphMode: "none",
        textMode: "value",
        justifyMode: "auto",
        orientation: "auto"
      }
      : { showHeader: true, cellHeight: "sm" },
    transformations: type === "table"
      ? [{ id: "organize", options: { excludeByName: { Time: true, Value: true, __name__: true } } }]
      : []
  }
}

/** @param {string} name @param {string} label @param {string} query */
const variable = (name, label, query) => ({
  name,
  label,
  type: "query",
  datasource: source,
  definition: query,
  query: { qryType: 1, query, refId: "StandardVariableQuery" },
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  allValue: ".*",
  current: { text: ["All"], value: ["$__all"] },
  options: []
})

/** @param {string} uid @param {Dashboard} dashboard */
const dashboardOf = (uid, { about, perProcess, rows, title }) => {
  const panels = []
  let id = 0
  let y = 0
  for (const [row, content] of rows) {
    panels.push({ id: ++id, type: "row", title: row, collapsed: false, gridPos: { x: 0, y, w: 24, h: 1 }, panels: [] })
    y += 1
    let x = 0
    let tallest = 0
    for (const panel of content) {
      const { height: h = 8, width: w = 12 } = panel.look
      if (x + w > 24) {
        x = 0
        y += tallest
        tallest = 0
      }
      panels.push(panelOf(panel, ++id, { x, y, w, h }))
      x += w
      tallest = Math.max(tallest, h)
    }
    y += tallest
  }
  return {
    uid,
    title,
    description: about,
    tags: ["payment-gateway"],
    schemaVersion: 39,
    version: 1,
    editable: false,
    graphTooltip: 1,
    refresh: "15s",
    time: { from: "now-1h", to: "now" },
    timezone: "browser",
    links: [{
      type: "dashboards",
      title: "Payment gateway",
      tags: ["payment-gateway"],
      asDropdown: true,
      includeVars: false,
      keepTime: true,
      targetBlank: false,
      icon: "external link",
      tooltip: "",
      url: ""
    }],
    annotations: { list: [] },
    templating: {
      list: [
        {
          name: "datasource",
          label: "Data source",
          type: "datasource",
          query: "prometheus",
          current: { text: "Prometheus", value: "prometheus" },
          options: [],
          regex: "",
          refresh: 1,
          multi: false,
          includeAll: false
        },
        ...(perProcess
          ? [
            variable("job", "Job", "label_values(gateway_build_info, job)"),
            variable("instance", "Instance", "label_values(gateway_build_info{job=~\"$job\"}, instance)")
          ]
          : [])
      ]
    },
    panels
  }
}

/** The content of each file. */
export const dashboards = () =>
  Object.fromEntries(
    Object.entries(described).map((
      [uid, dashboard]
    ) => [`${uid}.json`, `${JSON.stringify(dashboardOf(uid, dashboard), null, 2)}\n`])
  )

export const dashboardsFolder = inProject("deploy/grafana/dashboards")

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(dashboardsFolder, { recursive: true })
  for (const name of readdirSync(dashboardsFolder)) rmSync(join(dashboardsFolder, name))
  for (const [name, content] of Object.entries(dashboards())) writeFileSync(join(dashboardsFolder, name), content)
}
