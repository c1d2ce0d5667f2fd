import { type FaultKind, type Stage, wait } from "../Fault.ts"
import type { Proxy } from "../Proxy.ts"

/** Between processes and their databases, or between all of them and the brokers. */
type Where = "the databases" | "Kafka"

const proxiesOf = ({ pipeline, random }: Stage, where: Where): ReadonlyArray<Proxy> =>
  where === "Kafka"
    ? pipeline.servers.proxies
    : random.shuffle(pipeline.processes).slice(0, random.int(2, pipeline.processes.length)).map(pipeline.proxyOf)

const troubled = (stage: Stage, where: Where, work: (proxies: ReadonlyArray<Proxy>) => Promise<void>) => {
  const { locks, pipeline } = stage
  const run = async () => {
    const proxies = proxiesOf(stage, where)
    try {
      await pipeline.servers.inTrouble(() => work(proxies))
    } finally {
      for (const proxy of proxies) proxy.pass()
    }
  }
  return where === "Kafka" ? locks.holding(["kafka", "topics"], run) : run()
}

const cut = (where: Where): FaultKind => ({
  name: `cut the connections to ${where}`,
  run: (stage) =>
    troubled(stage, where, async (proxies) => {
      const { length, pipeline: { counts }, random } = stage
      for (let i = random.int(3, length === "short" ? 5 : 10); i > 0; i--) {
        for (const proxy of proxies) counts.add("connections cut", proxy.cut())
        await wait(random.int(50, 1_200))
      }
      for (const proxy of proxies) proxy.refuse()
      await wait(random.int(500, 3_000))
    })
})

const silence = (where: Where): FaultKind => ({
  name: `one-way silence of ${where}`,
  run: (stage) =>
    troubled(stage, where, async (proxies) => {
      const { length, pipeline: { counts }, random } = stage
      for (const direction of random.shuffle(["requests", "replies"] as const)) {
        for (const proxy of proxies) proxy.hold(direction)
        counts.add("one-way silences", proxies.length)
        await wait(length === "short" ? random.int(3_000, 6_000) : random.int(2_000, 14_000))
        // late, or never
        if (random.chance(0.5)) { for (const proxy of proxies) proxy.cut() }
        for (const proxy of proxies) proxy.pass()
        await wait(random.int(300, 1_000))
      }
    })
})

const loseReplies = (where: Where): FaultKind => ({
  name: `lost replies of ${where}`,
  run: (stage) =>
    troubled(stage, where, async (proxies) => {
      const { length, pipeline: { counts }, random } = stage
      const before = proxies.reduce((sum, proxy) => sum + proxy.lost(), 0)
      for (let i = length === "short" ? 5 : random.int(5, 15); i > 0; i--) {
        for (const proxy of proxies) proxy.loseReplies(random.int(1, 3))
        await wait(random.int(300, 1_200))
      }
      counts.add("replies lost", proxies.reduce((sum, proxy) => sum + proxy.lost(), 0) - before)
    })
})

export const network: ReadonlyArray<FaultKind> = (["the databases", "Kafka"] as const).flatMap((where) => [
  cut(where),
  silence(where),
  loseReplies(where)
])
