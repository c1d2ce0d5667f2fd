import { afterAll, assert, beforeAll, describe, inject, it } from "@effect/vitest"
import { join } from "node:path"
import { createDatabases, startMariaDb } from "../../scripts/servers/databases.mjs"
import { startKafka } from "../../scripts/servers/kafka.mjs"
import { folder, ownerOfSuite, start, stop } from "../main/MainProcess.ts"
import { eventually } from "../support/GatewayFixture.ts"
import { cvvMark, markedCard, marks } from "../support/LayersCanary.ts"
import { searchFor } from "../support/LayersSearch.ts"

const transactions = 600
const operatorSecret = "op_CanaryOperatorSecret0123456789abcdef"

const basic = (credential: string) => `Basic ${Buffer.from(credential).toString("base64")}`

// servers of its own: their files are searched
describe.runIf(inject("kafka") !== null && inject("database") !== null)("the canary, on Kafka and MariaDB", () => {
  const suite = ownerOfSuite()
  let place = ""
  let kafka: Awaited<ReturnType<typeof startKafka>>
  let database: Awaited<ReturnType<typeof startMariaDb>>
  beforeAll(async () => {
    place = folder(suite)
    ;[kafka, database] = await Promise.all([
      startKafka({ folder: join(place, "kafka") }),
      startMariaDb({ folder: join(place, "database") })
    ])
  }, 180_000)
  afterAll(async () => {
    await Promise.all([kafka?.stop(), database?.stop()])
    await suite.end()
  })

  it(
    "no card number, holder or security code is in a segment, a table, an undo log or what the process says",
    async (test) => {
      const { gatewayUrl, processorUrl } = await createDatabases(database.adminUrl, { gateway: "g", processor: "p" })
      const running = await start(test, {
        dataDir: null,
        cwd: folder(test),
        env: {
          DATABASE_URL: gatewayUrl,
          PROCESSOR_DATABASE_URL: processorUrl,
          KAFKA_BROKERS: kafka.brokers.join(","),
          LOG_LEVEL: "debug",
          OPERATOR_SECRET: operatorSecret,
          SECRET_PEPPER: "the pepper of the canary",
          CARD_KEYS: `k1:${Buffer.alloc(32, 9).toString("base64")}`
        }
      })
      const port = await running.port
      const ask = async (path: string, credential: string, body?: unknown) => {
        const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
          method: body === undefined ? "GET" : "POST",
          headers: { authorization: basic(credential), "content-type": "application/json" },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          signal: AbortSignal.timeout(60_000)
        })
        return { status: answer.status, body: await answer.json() as Record<string, unknown> }
      }
      const operator = `operator:${operatorSecret}`
      const created = await ask("/v1/accounts", operator, { name: "Canary" })
      const account = `${created.body["id"]}:${created.body["secret"]}`
      for (let sent = 0; sent < transactions; sent += 30) {
        const answers = await Promise.all(Array.from({ length: 30 }, (_, index) =>
          ask("/v1/transactions", account, {
            amount: 100 + sent,
            card: markedCard(sent + index),
            reference: `order ${sent + index}`
          })))
        assert.isTrue(answers.every(({ status }) => status === 202))
        await ask("/v1/transactions", account, {
          amount: 100,
          card: markedCard(sent),
          reference: markedCard(1).number
        })
        await ask(`/v1/transactions/${cvvMark}`, account)
      }
      await eventually(
        "all are decided",
        () => ask("/v1/operator/audit", operator),
        ({ body }) => body["undecided"] === 0 && Number(body["accepted"]) >= transactions,
        60_000
      )
      const { stderr, stdout } = await stop(running)
      await Promise.all([kafka.stop(), database.stop()])

      const { inFolder, inText } = searchFor(marks)
      assert.deepStrictEqual([...inText("standard output", stdout), ...inText("standard error", stderr)], [])
      const { files, found } = inFolder(place)
      assert.isAbove(files.length, 20)
      assert.deepStrictEqual(found, [])
      // the search sees what is there: a reference, and the digits that may be shown
      const seen = searchFor(["order 17"]).inFolder(place).found
      assert.isTrue(seen.some((_) => _.where.includes("submissions")), JSON.stringify(seen))
    },
    180_000
  )
})
