import type { Quantiles } from "./lib/histogram.ts"
import { type Load, runLoad } from "./lib/load.ts"
import { reconcile, settled } from "./lib/reconcile.ts"
import { fixed, median, table, whole } from "./lib/report.ts"
import { assertAccepted, idsFile, settleLimit, withSubject } from "./lib/round.ts"
import type { Subject } from "./lib/subject.ts"

export interface AcceptOptions {
  readonly subjects: readonly [Subject, Subject]
  readonly rounds: number
  readonly seconds: number
  readonly warmup: number
  readonly connections: number
  /** Arrivals per second of the open load; 0 leaves it out. */
  readonly rate: number
  readonly idempotencyKeys: boolean
}

export interface AcceptRound {
  readonly subject: string
  readonly round: number
  readonly accepted: number
  /** The closed load: accepted per second, with its latency in milliseconds. */
  readonly rate: number
  readonly latency: Quantiles
  /** CPU of the whole way, deciding and recording included, in microseconds for one transaction. */
  readonly cpu: number
  /** How long after the last 202 the last decision was recorded, in milliseconds. */
  readonly drain: number
  readonly peak: number
  /** The latency of the open load, from the instant each request was due. */
  readonly open: Quantiles | null
}

const round = (options: AcceptOptions, subject: Subject, number: number): Promise<AcceptRound> =>
  withSubject(subject, async (running) => {
    const files: Array<string> = []
    const load = async (
      name: string,
      connections: number,
      model: Load["model"],
      onMeasuring?: (accepted: number) => void
    ) => {
      const file = idsFile(running, name)
      files.push(file)
      const result = await runLoad({
        host: running.host,
        port: running.port,
        authorization: running.authorization,
        connections,
        idempotencyKeys: options.idempotencyKeys,
        idsFile: file,
        model
      }, onMeasuring)
      assertAccepted(running, result)
      return result
    }

    let before = { cpu: 0, accepted: 0 }
    const closed = await load("closed", options.connections, {
      kind: "closed",
      warmup: options.warmup,
      seconds: options.seconds
    }, (accepted) => {
      before = { cpu: running.cpu(), accepted }
    })
    const end = await settled(running, settleLimit)
    const cpu = (running.cpu() - before.cpu) * 1_000_000 / (closed.accepted - before.accepted)
    const open = options.rate === 0 ? undefined : await load("open", Math.max(options.connections, 512), {
      kind: "open",
      rate: options.rate,
      warmup: 1,
      seconds: options.seconds
    })
    await settled(running, settleLimit)
    const { accepted } = reconcile(running, files)
    return {
      subject: subject.name,
      round: number,
      accepted,
      rate: closed.rate,
      latency: closed.latency,
      cpu,
      drain: Math.max(0, end - closed.endedAt),
      peak: running.memory().peak,
      open: open?.latency ?? null
    }
  })

const header = ["", "202/s", "p50 ms", "p99 ms", "max ms", "CPU µs", "drain ms", "peak MB", "open p50", "p99", "max"]

const figures = (r: Omit<AcceptRound, "subject" | "round" | "accepted">) => [
  whole(r.rate),
  fixed(r.latency.p50),
  fixed(r.latency.p99),
  fixed(r.latency.max, 1),
  fixed(r.cpu, 1),
  whole(r.drain),
  whole(r.peak / 1_048_576),
  ...(r.open === null ? ["-", "-", "-"] : [fixed(r.open.p50), fixed(r.open.p99), fixed(r.open.max, 1)])
]

/** The median of each figure over the rounds of one program. */
const middle = (rounds: ReadonlyArray<AcceptRound>) => {
  const quantiles = (of: (r: AcceptRound) => Quantiles): Quantiles => ({
    p50: median(rounds.map((r) => of(r).p50)),
    p90: median(rounds.map((r) => of(r).p90)),
    p95: median(rounds.map((r) => of(r).p95)),
    p99: median(rounds.map((r) => of(r).p99)),
    max: median(rounds.map((r) => of(r).max))
  })
  return {
    rate: median(rounds.map((r) => r.rate)),
    latency: quantiles((r) => r.latency),
    cpu: median(rounds.map((r) => r.cpu)),
    drain: median(rounds.map((r) => r.drain)),
    peak: median(rounds.map((r) => r.peak)),
    open: rounds.every((r) => r.open !== null) ? quantiles((r) => r.open!) : null
  }
}

export const accept = async (options: AcceptOptions) => {
  const [first, second] = options.subjects
  const rounds: [Array<AcceptRound>, Array<AcceptRound>] = [[], []]
  for (let number = 1; number <= options.rounds; number++) {
    for (const side of [0, 1] as const) {
      const done = await round(options, options.subjects[side], number)
      rounds[side].push(done)
      console.log(`round ${number} ${done.subject}: ${whole(done.rate)}/s, ${whole(done.accepted)} reconciled`)
    }
  }
  const medians = [middle(rounds[0]), middle(rounds[1])] as const
  const [a, b] = medians
  /** How far these lie apart is how far the medians can be trusted. */
  const pairs = rounds[0].map((r, index) => r.rate / rounds[1][index]!.rate)
  const ratios = {
    rate: a.rate / b.rate,
    p50: a.latency.p50 / b.latency.p50,
    p99: a.latency.p99 / b.latency.p99,
    cpu: a.cpu / b.cpu,
    openP50: a.open && b.open ? a.open.p50 / b.open.p50 : null,
    openP99: a.open && b.open ? a.open.p99 / b.open.p99 : null
  }
  const rows = rounds.flatMap((side) => side.map((r) => [`${r.subject} ${r.round}`, ...figures(r)]))
  console.log(
    `\naccept: ${options.connections} connections, ${options.seconds} s` +
      (options.rate > 0 ? `, then ${whole(options.rate)}/s for ${options.seconds} s` : "")
  )
  console.log(table(header, [
    ...rows,
    [`${first.name} median`, ...figures(a)],
    [`${second.name} median`, ...figures(b)],
    [
      `${first.name} / ${second.name}`,
      fixed(ratios.rate),
      fixed(ratios.p50),
      fixed(ratios.p99),
      "",
      fixed(ratios.cpu),
      "",
      "",
      ratios.openP50 === null ? "-" : fixed(ratios.openP50),
      ratios.openP99 === null ? "-" : fixed(ratios.openP99),
      ""
    ]
  ]))
  console.log(`rate of each round, ${first.name} / ${second.name}: ${pairs.map((pair) => fixed(pair)).join("  ")}`)
  return { rounds: rounds.flat(), medians: { first: a, second: b }, ratios, pairs }
}
