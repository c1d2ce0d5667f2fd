import { assert, describe, it } from "@effect/vitest"
import createFetchManager from "kafkajs/src/consumer/fetchManager.js"
import Runner from "kafkajs/src/consumer/runner.js"
import { mendKafkajs } from "../../src/layers/kafka/KafkajsMends.ts"

const silent = { namespace: () => silent, debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Stops a consumer in the moment in which a broker leaves; answers how it ended and how often it fetched after that. */
const stopWhileBrokersChange = async (fetchOf: typeof Runner.prototype.fetch) => {
  const runner = {
    running: true,
    logger: silent,
    instrumentationEmitter: { emit: () => {} },
    heartbeat: async () => {},
    consumerGroup: {
      fetch: async (nodeId: number) => {
        await sleep(nodeId === 3 ? 200 : 10)
        return []
      }
    }
  } as unknown as { running: boolean } & Runner
  let nodes = [1, 2, 3]
  let fetches = 0
  const manager = createFetchManager({
    logger: silent,
    getNodeIds: () => nodes,
    fetch: async (nodeId) => {
      // without an end nothing else would ever run, this test's deadline neither
      if (!runner.running && ++fetches > 1_000) throw new Error("it spins")
      return fetchOf.call(runner, nodeId)
    },
    handler: async () => {}
  })
  const ended = manager.start().then(() => "in order", (error: Error) => error.message)
  await sleep(30)
  nodes = [1, 2]
  await sleep(60)
  runner.running = false
  await manager.stop()
  return { ended: await ended, fetches }
}

describe("kafkajs, mended", () => {
  const original = Runner.prototype.fetch
  mendKafkajs()

  it("a consumer that is stopped while its brokers change ends", async () => {
    const { ended, fetches } = await stopWhileBrokersChange(Runner.prototype.fetch)
    assert.strictEqual(ended, "the consumer was stopped")
    assert.isBelow(fetches, 10)
  })

  it("which it did not before", async () => {
    assert.strictEqual((await stopWhileBrokersChange(original)).ended, "it spins")
  })
})
