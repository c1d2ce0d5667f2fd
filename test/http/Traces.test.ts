import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { join } from "node:path"
import { attributesOf, type Collector, type SpanJson, startCollector } from "../support/Collector.ts"
import {
  type Credential,
  eventually,
  type Gateway,
  jsonOf,
  leakIn,
  openGateway,
  transactionOf
} from "../support/GatewayFixture.ts"
import { card, transaction, type TransactionJson } from "../support/HttpSamples.ts"

const traceId = "0af7651916cd43dd8448eb211c80319c"
const sampledTrace = `00-${traceId}-b7ad6b7169203331-01`
const unsampledTrace = `00-${traceId}-b7ad6b7169203331-00`
const canary = "Canary-of-the-traces"

const names = (spans: ReadonlyArray<SpanJson>) => spans.map((_) => _.name).toSorted()

/** The headers of every record of the embedded log's topic. */
const headersOf = (gateway: Gateway, topic: string): string => {
  const database = new Sqlite(join(gateway.dataDir, "log.sqlite"), { readonly: true })
  try {
    const rows = database.prepare("SELECT records FROM batches WHERE topic = ?").pluck().all(topic) as Array<Buffer>
    return Buffer.concat(rows).toString("latin1")
  } finally {
    database.close()
  }
}

describe("with a collector", () => {
  let collector: Collector
  let gateway: Gateway
  let account: Credential

  beforeAll(async () => {
    collector = await startCollector()
    gateway = await openGateway({
      environment: { OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`, OTEL_SERVICE_NAME: "shop-gateway" }
    })
    account = await gateway.createAccount()
  })
  afterAll(async () => {
    await gateway.close()
    await collector.close()
  })

  const decided = async (headers: Readonly<Record<string, string>> = {}, changes = {}) => {
    const answer = await gateway.decide(account, transaction(changes), headers)
    assert.strictEqual(answer.status, 201, answer.text)
    return transactionOf(answer)
  }

  const spansOf = (trace: string) => collector.spans().filter((_) => _.traceId === trace)

  const recorded = (trace: string) =>
    eventually(
      "the recorded decision",
      () => spansOf(trace),
      (spans) => spans.some((_) => _.name === "record") && spans.some((_) => _.name === "POST /v1/transactions")
    )

  it("one trace goes from the request over both topics to the recorded decision", async () => {
    const { id } = await decided({ traceparent: sampledTrace })
    const spans = await recorded(traceId)
    assert.deepStrictEqual(names(spans), [
      "POST /v1/transactions",
      "append transactions",
      "append transactions_result",
      "commit submission",
      "decide",
      "record"
    ])
    const byName = (name: string) => spans.find((_) => _.name === name)!
    const parentOf = ({ parentSpanId }: SpanJson) => spans.find((_) => _.spanId === parentSpanId)?.name ?? parentSpanId
    assert.deepStrictEqual(spans.toSorted((a, b) => a.name < b.name ? -1 : 1).map(parentOf), [
      "b7ad6b7169203331",
      "POST /v1/transactions",
      "decide",
      "POST /v1/transactions",
      "POST /v1/transactions",
      "decide"
    ])
    assert.strictEqual(byName("POST /v1/transactions").kind, 2)
    assert.include(attributesOf(byName("POST /v1/transactions").attributes), {
      "http.request.method": "POST",
      "http.route": "/v1/transactions",
      "http.response.status_code": "201"
    })
    for (const name of ["commit submission", "decide", "record"]) {
      assert.strictEqual(attributesOf(byName(name).attributes)["gateway.transaction_id"], id)
    }
    for (const { endTimeUnixNano, startTimeUnixNano, status } of spans) {
      assert.isAtLeast(Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)), 0)
      assert.closeTo(Number(BigInt(startTimeUnixNano) / 1_000_000n), Date.now(), 60_000)
      assert.deepStrictEqual(status, {})
    }
    for (const [batch, item] of [["process transactions", "decide"], ["process transactions_result", "record"]]) {
      const [link] = byName(item!).links
      const linked = await eventually(
        "the span of the batch",
        () => collector.spans().find((_) => _.spanId === link!.spanId),
        (_) => _ !== undefined
      )
      assert.strictEqual(linked!.name, batch)
      assert.notStrictEqual(linked!.traceId, traceId)
      assert.include(linked!.links.map((_) => _.traceId), traceId)
    }
    assert.include(headersOf(gateway, "transactions"), `00-${traceId}-${byName("POST /v1/transactions").spanId}-01`)
    assert.include(headersOf(gateway, "transactions_result"), `00-${traceId}-${byName("decide").spanId}-01`)
  })

  it("a request without a trace begins one, and one that is not sampled is passed on and told of nowhere", async () => {
    const before = collector.spans().length
    await decided()
    const roots = await eventually(
      "a root",
      () => collector.spans().slice(before).filter((_) => _.name === "POST /v1/transactions"),
      (_) => _.length === 1
    )
    assert.notProperty(roots[0], "parentSpanId")
    const other = unsampledTrace.replace("0af7", "1bf7")
    await decided({ traceparent: other })
    await decided()
    await eventually(
      "what came later",
      () => collector.spans().filter((_) => _.name === "POST /v1/transactions").length,
      (_) => _ >= 3
    )
    assert.isEmpty(spansOf(other.slice(3, 35)))
    assert.include(headersOf(gateway, "transactions"), other)
    assert.include(headersOf(gateway, "transactions_result"), other)
  })

  it("what is no trace, or could be a card, is not taken over", async () => {
    for (
      const wrong of [
        "hello",
        `00-${"0".repeat(32)}-b7ad6b7169203331-01`,
        `ff-${traceId}-b7ad6b7169203331-01`,
        `00-${traceId}-4242424242424242-01`
      ]
    ) {
      await decided({ traceparent: wrong })
      assert.notInclude(headersOf(gateway, "transactions"), wrong)
    }
  })

  it("says which service it is, and nothing of a card, a secret, a reference or metadata", async () => {
    await decided({}, { reference: canary, metadata: { canary } })
    await gateway.decide(account, transaction({ card: card({ number: "4242424242424241" }), reference: canary }))
    await gateway.call("GET", "/v1/transactions?reference=Canary-of-the-traces", { as: account })
    await eventually("the list", () => collector.spans(), (_) => _.some(({ name }) => name === "GET /v1/transactions"))
    for (const { body, headers, path } of collector.requests) {
      assert.deepStrictEqual([path, headers["content-type"]], ["/v1/traces", "application/json"])
      // ids may have any digits
      const told = body.replaceAll(/"(?:traceId|spanId|parentSpanId)":"[0-9a-f]+"|"\w+UnixNano":"\d+"/g, "")
      assert.isNull(leakIn(told.replaceAll(/(?:txn|req)_[0-9A-Z]{26}/g, ""), [canary]))
    }
    for (const resource of collector.resources()) {
      assert.include(resource, { "service.name": "shop-gateway", "gateway.profile": "embedded", "gateway.role": "all" })
    }
  })

  it("health, pages and what is refused at the door are no traces", async () => {
    for (const path of ["/livez", "/docs", "/nowhere"]) {
      await gateway.call("GET", path, { headers: { traceparent: sampledTrace.replace("0af7", "2cf7") } })
    }
    await decided()
    await eventually("what came later", () => collector.spans(), (_) => _.length > 0)
    assert.isEmpty(spansOf(traceId.replace("0af7", "2cf7")))
  })

  it("a collector that fails costs its spans and nothing else", async () => {
    collector.answers.status = 503
    const failed = /^gateway_trace_spans_total\{outcome="failed"\} ([1-9]\d*)$/m
    const { status } = await gateway.decide(account)
    assert.strictEqual(status, 201)
    await eventually("counted", () => gateway.metrics(), (_) => failed.test(_))
    collector.answers.status = 200
    assert.match(await gateway.metrics(), /^gateway_trace_spans_total\{outcome="exported"\} [1-9]/m)
    assert.isTrue(gateway.logged.some((_) => _.includes("spans were not exported")))
    gateway.assertNothingLeaked()
  })

  it("a request is found in the log by its ids", async () => {
    gateway.controls.storage = "down"
    const trace = sampledTrace.replace("0af7", "3df7")
    const answer = await gateway.submit(account, transaction(), { traceparent: trace })
    gateway.controls.storage = "up"
    assert.strictEqual(answer.status, 503)
    const line = gateway.logged.find((_) => _.includes("answered unavailable"))!
    assert.include(line, `"request_id":"${answer.headers["request-id"]}"`)
    assert.include(line, `"trace_id":"${trace.slice(3, 35)}"`)
  })

  it("ends in time though the collector hangs, and tells what was lost", async () => {
    const hanging = await startCollector()
    hanging.answers.status = null
    const other = await openGateway({ environment: { OTEL_EXPORTER_OTLP_ENDPOINT: hanging.url } })
    await other.decide(await other.createAccount())
    const began = performance.now()
    await other.close()
    assert.isBelow(performance.now() - began, 10_000)
    await hanging.close()
  })
})

describe("without a collector", () => {
  it("a client's trace is passed on, and nothing else is done", async () => {
    const gateway = await openGateway()
    const account = await gateway.createAccount()
    const answers = [
      await gateway.decide(account, transaction(), { traceparent: sampledTrace }),
      await gateway.decide(account)
    ]
    assert.deepStrictEqual(answers.map((_) => _.status), [201, 201])
    for (const topic of ["transactions", "transactions_result"]) {
      assert.lengthOf(headersOf(gateway, topic).match(/traceparent/g)!, 1)
      assert.include(headersOf(gateway, topic), sampledTrace)
    }
    assert.notInclude(await gateway.metrics(), "gateway_trace_spans_total{")
    assert.strictEqual(jsonOf<TransactionJson>(answers[0]!).status, "approved")
    await gateway.close()
  })
})
