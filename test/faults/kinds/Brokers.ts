import type { FaultKind, Stage } from "../Fault.ts"
import { wait } from "../Fault.ts"
import { residentBytes } from "../RoleProcess.ts"
import { fault } from "../Rules.ts"

/** An intake that waits for Kafka uses no more: 10,000 records may wait for each of six lanes. */
const mostBytes = 400 * 1_024 * 1_024

const whileKafkaIsTroubled = ({ locks, pipeline }: Stage, work: () => Promise<void>) =>
  locks.holding(["kafka", "topics"], () => pipeline.servers.inTrouble(work))

const killBroker: FaultKind = {
  name: "kill a broker",
  run: (stage) =>
    whileKafkaIsTroubled(stage, async () => {
      const { length, pipeline: { counts, servers }, random } = stage
      for (let i = length === "short" ? 1 : random.int(1, 3); i > 0; i--) {
        const node = random.pick(servers.nodes)
        await node.kill()
        counts.add("kills of brokers")
        await wait(random.pick([0, 0, 1_000, 4_000]))
        await node.start()
        await wait(random.int(0, 2_000))
      }
    })
}

const rollBrokers: FaultKind = {
  name: "restart the brokers one after the other",
  run: (stage) =>
    whileKafkaIsTroubled(stage, async () => {
      const { pipeline: { counts, servers }, random } = stage
      for (const node of random.shuffle(servers.nodes)) {
        if (random.chance(0.7)) {
          await node.stop()
          counts.add("restarts of brokers")
        } else {
          await node.kill()
          counts.add("kills of brokers")
        }
        await node.start()
        await wait(random.int(500, 2_000))
      }
    })
}

const pauseBroker: FaultKind = {
  name: "pause a broker",
  run: (stage) =>
    whileKafkaIsTroubled(stage, async () => {
      const { length, pipeline: { counts, servers }, random } = stage
      const node = random.pick(servers.nodes)
      node.pause()
      counts.add("pauses of brokers")
      // beyond its session with the controller, which is 6 s
      await wait(length === "short" ? random.int(7_000, 9_000) : random.int(3_000, 15_000))
      node.resume()
      await wait(1_000)
    })
}

/** Nothing between the roles: accepting must not notice. */
const downWhileAccepting: FaultKind = {
  name: "Kafka down while accepting",
  run: (stage) =>
    whileKafkaIsTroubled(stage, async () => {
      const { length, pipeline, random } = stage
      const { counts, find, load, of, servers } = pipeline
      const largest = () => Math.max(...of("intake").map(({ pid }) => residentBytes(pid() ?? 0) ?? 0))
      await Promise.all(servers.nodes.map((node) => node.kill()))
      counts.add("kills of brokers", servers.nodes.length)
      counts.add("times that Kafka was down")
      // what was in flight when it went has been answered
      await wait(1_000)
      const accepted = load.accepted()
      const until = performance.now() + (length === "short" ? 30_000 : random.int(30_000, 60_000))
      while (performance.now() < until) {
        await wait(500)
        counts.most("largest intake in MB", Math.round(largest() / 1_048_576))
      }
      const bytes = counts.of("largest intake in MB") * 1_048_576
      if (bytes > mostBytes) find(fault("bounded", `an intake used ${bytes} bytes while Kafka was down`))
      const meanwhile = load.accepted() - accepted
      counts.add("accepted while Kafka was down", meanwhile)
      if (meanwhile < 100) find(fault("accepting", `${meanwhile} were accepted while Kafka was down`))
      await Promise.all(servers.nodes.map((node) => node.start()))
    })
}

const fillBroker: FaultKind = {
  name: "fill the disk of a broker",
  refusal: ({ servers }) => servers.brokerDisk === null ? "this user may not mount a small disk" : null,
  run: (stage) =>
    whileKafkaIsTroubled(stage, async () => {
      const { pipeline: { counts, servers }, random } = stage
      const disk = servers.brokerDisk!
      const [node] = servers.nodes
      disk.fill()
      counts.add("full disks")
      await wait(random.int(4_000, 7_000))
      disk.free()
      // a broker that cannot write gives up
      if (!node!.running) counts.add("brokers that ended on a full disk")
      await node!.kill()
      await node!.start()
    })
}

export const brokers: ReadonlyArray<FaultKind> = [killBroker, rollBrokers, pauseBroker, downWhileAccepting, fillBroker]
