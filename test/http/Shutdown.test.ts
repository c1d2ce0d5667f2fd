import { afterAll, assert, describe, it } from "@effect/vitest"
import { mkdtempSync, rmSync } from "node:fs"
import { Agent, request } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  basic,
  type Credential,
  eventually,
  type Gateway,
  openGateway,
  requestBytes,
  transactionOf
} from "../support/GatewayFixture.ts"
import { assertProblem } from "../support/HttpAssertions.ts"
import { type HttpAnswer, type HttpConnection, openConnection, within } from "../support/HttpConnection.ts"
import { type ProblemJson, transaction } from "../support/HttpSamples.ts"

const folders: Array<string> = []
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })))

/** Each gateway ends once, and what is in its folder can be looked at after. */
const closingGateway = async (environment: Readonly<Record<string, string>> = {}) => {
  const dataDir = mkdtempSync(join(tmpdir(), "gateway-shutdown-"))
  folders.push(dataDir)
  const gateway = await openGateway({ environment, dataDir })
  return { gateway, account: await gateway.createAccount() }
}

const body = JSON.stringify(transaction())
const getOf = (as: Credential, path = "/v1/transactions") => requestBytes("GET", path, { as })
const postOf = (as: Credential) => requestBytes("POST", "/v1/transactions", { as, body })
/** All of a POST but the end of its body. */
const unfinished = (as: Credential) => postOf(as).slice(0, -20)

/** A connection that has been answered once and is kept alive. */
const usedConnection = async (gateway: Gateway, as: Credential): Promise<HttpConnection> => {
  const connection = await openConnection(gateway.port)
  connection.write(getOf(as))
  assert.strictEqual((await connection.next()).status, 200)
  return connection
}

describe("when its scope ends", () => {
  it("a request whose body is still coming is answered, on a connection that then closes", async () => {
    const { account, gateway } = await closingGateway()
    const connection = await usedConnection(gateway, account)
    connection.write(unfinished(account))
    await eventually("the request", () => gateway.metric("http_server_active_requests"), (_) => _ === 1)
    const closed = gateway.close()
    connection.write(postOf(account).slice(-20))
    const answer = await connection.next()
    assert.strictEqual(answer.status, 202, answer.text)
    assert.strictEqual(answer.headers["connection"], "close")
    await within(connection.closed, "the end of the connection", 2_000)
    await within(closed, "the end", 3_000)
    gateway.assertNothingLeaked()
  })

  it("a new request on a kept-alive connection is 503, and the connection closes", async () => {
    const { account, gateway } = await closingGateway()
    const paths = ["/v1/transactions", "/readyz", "/nowhere", "/v1/operator/audit"]
    const connections = await Promise.all(paths.map(() => usedConnection(gateway, account)))
    const heads = paths.map((path) => getOf(account, path))
    // the head has begun, so that the connection is not idle when the server closes those
    connections.forEach((connection, i) => connection.write(heads[i]!.slice(0, 12)))
    await gateway.call("GET", "/livez")
    const closed = gateway.close()
    connections.forEach((connection, i) => connection.write(heads[i]!.slice(12)))
    for (const connection of connections) {
      const answer = await connection.next()
      const problem = assertProblem(answer, 503, "shutting_down")
      assert.isTrue(problem.retryable)
      assert.strictEqual(answer.headers["connection"], "close")
      await within(connection.closed, "the end of the connection", 2_000)
    }
    await within(closed, "the end", 3_000)
  })

  it("a POST that comes too late makes nothing", async () => {
    const { account, gateway } = await closingGateway()
    const connection = await usedConnection(gateway, account)
    const bytes = postOf(account)
    connection.write(bytes.slice(0, 12))
    await gateway.call("GET", "/livez")
    const rows = gateway.rows()
    const closed = gateway.close()
    connection.write(bytes.slice(12))
    assertProblem(await connection.next(), 503, "shutting_down")
    await within(closed, "the end", 3_000)
    assert.strictEqual(gateway.rows(), rows)
  })

  it("new connections are refused", async () => {
    const { gateway } = await closingGateway()
    await within(gateway.close(), "the end", 3_000)
    const outcome = await openConnection(gateway.port).then(() => "open", () => "refused")
    assert.strictEqual(outcome, "refused")
  })

  it("idle kept-alive connections do not hold it", async () => {
    const { account, gateway } = await closingGateway()
    const connections = await Promise.all(Array.from({ length: 10 }, () => usedConnection(gateway, account)))
    const started = performance.now()
    await within(gateway.close(), "the end", 3_000)
    assert.isBelow(performance.now() - started, 3_000)
    for (const connection of connections) await within(connection.closed, "the end of a connection", 1_000)
  })

  it("a client that never finishes is cut: under 5 s in all", async () => {
    const { account, gateway } = await closingGateway()
    const stalled = await openConnection(gateway.port)
    stalled.write(unfinished(account))
    await eventually("the request", () => gateway.metric("http_server_active_requests"), (_) => _ === 1)
    const started = performance.now()
    const rows = gateway.rows()
    await within(gateway.close(), "the end", 5_000)
    assert.isBelow(performance.now() - started, 5_000)
    await within(stalled.closed, "the end of the connection", 1_000)
    assert.strictEqual(gateway.rows(), rows)
  })

  it("the management port says that it is not ready any more, until the end", async () => {
    const { account, gateway } = await closingGateway({ SHUTDOWN_GRACE_MS: "1500" })
    const stalled = await openConnection(gateway.port)
    stalled.write(unfinished(account))
    await eventually("the request", () => gateway.metric("http_server_active_requests"), (_) => _ === 1)
    const closed = gateway.close()
    const status = async (path: string) => (await gateway.call("GET", path, { port: gateway.managementPort })).status
    await eventually("not ready", () => status("/readyz"), (_) => _ === 503, 1_000)
    assert.strictEqual(await status("/livez"), 200)
    assert.strictEqual(await gateway.metric("gateway_ready"), 0)
    stalled.destroy()
    await within(closed, "the end", 5_000)
  })
})

describe("under load", () => {
  it("everything is answered or refused whole, and what was accepted is there at the next start", async () => {
    // what the end kept from the log is sent again soon
    const environment = { RESEND_BACK_OFF_MS: "200", RESEND_INTERVAL_MS: "100" }
    const { account, gateway } = await closingGateway(environment)
    const agent = new Agent({ keepAlive: true })
    const answers: Array<HttpAnswer | "refused" | "reset"> = []
    let sending = true

    const send = () =>
      new Promise<HttpAnswer | "refused" | "reset">((resolve) => {
        const sent = request({
          agent,
          host: "127.0.0.1",
          port: gateway.port,
          method: "POST",
          path: "/v1/transactions",
          headers: { authorization: basic(account), "content-type": "application/json" }
        }, (message) => {
          let text = ""
          message.setEncoding("utf8")
          message.on("data", (chunk: string) => {
            text += chunk
          })
          message.on("error", () => resolve("reset"))
          message.on("end", () =>
            resolve({
              status: message.statusCode!,
              headers: message.headers as Record<string, string>,
              head: "",
              text,
              interim: []
            }))
        })
        // a connection that was closed while idle, or not taken any more: nothing was begun
        sent.on("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED" ? "refused" : "reset"))
        sent.end(body)
      })

    const clients = Array.from({ length: 20 }, async () => {
      while (sending) {
        const answer = await send()
        answers.push(answer)
        if (answer === "refused") return
      }
    })
    await eventually("load", () => answers.length, (_) => _ > 100)
    const started = performance.now()
    await within(gateway.close(), "the end", 5_000)
    const took = performance.now() - started
    sending = false
    await Promise.all(clients)
    agent.destroy()

    assert.isBelow(took, 5_000)
    const whole = answers.filter((_): _ is HttpAnswer => typeof _ !== "string")
    for (const answer of whole) {
      if (answer.status === 202) assert.match(transactionOf(answer).id, /^txn_/)
      else {
        assert.strictEqual(answer.status, 503, answer.text)
        assert.strictEqual((JSON.parse(answer.text) as ProblemJson).code, "shutting_down")
        assert.strictEqual(answer.headers["connection"], "close")
      }
    }
    const again = await openGateway({ dataDir: gateway.dataDir, environment })
    const accepted = whole.filter((_) => _.status === 202)
    assert.isNotEmpty(accepted)
    await eventually("every decision", again.audit, (_) => _.undecided === 0)
    for (const answer of accepted.slice(-50)) {
      const { id } = transactionOf(answer)
      const read = await again.call("GET", `/v1/transactions/${id}`, { as: account })
      assert.strictEqual(transactionOf(read).status, "approved")
    }
    assert.isAtLeast(again.submissions(), accepted.length)
    await again.close()
    // at most the request that met the closing of its idle connection, one for each client
    assert.isAtMost(answers.filter((_) => _ === "reset").length, clients.length)
    gateway.assertNothingLeaked()
  })
})
