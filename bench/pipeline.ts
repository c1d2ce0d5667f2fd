import { type Load, runLoad } from "./lib/load.ts"
import { reconcile, settled } from "./lib/reconcile.ts"
import { fixed, median, table, whole } from "./lib/report.ts"
import { assertAccepted, idsFile, settleLimit, withSubject } from "./lib/round.ts"
import type { Subject } from "./lib/subject.ts"

export interface PipelineOptions {
  readonly subjects: readonly [Subject, Subject]
  readonly rounds: number
  readonly count: number
  /** Seconds of load that are decided and recorded before the measured transactions begin; 0 measures a cold start. */
  readonly warmup: number
  readonly connections: number
  readonly idempotencyKeys: boolean
}

export interface PipelineRound {
  readonly subject: string
  readonly round: number
  readonly count: number
  /** From the first request until the last decision was stored and recorded. */
  readonly seconds: number
  readonly rate: number
  /** The part of it until the last 202. */
  readonly acceptSeconds: number
  /** Microseconds for one transaction. */
  readonly cpu: number
}

const round = (options: PipelineOptions, subject: Subject, number: number): Promise<PipelineRound> =>
  withSubject(subject, async (running) => {
    const files: Array<string> = []
    const load = async (name: string, model: Load["model"]) => {
      const file = idsFile(running, name)
      files.push(file)
      const result = await runLoad({
        host: running.host,
        port: running.port,
        authorization: running.authorization,
        connections: options.connections,
        idempotencyKeys: options.idempotencyKeys,
        idsFile: file,
        model
      })
      assertAccepted(running, result)
      return result
    }

    if (options.warmup > 0) {
      await load("warmup", { kind: "closed", warmup: 0, seconds: options.warmup })
      await settled(running, settleLimit)
    }
    const before = running.cpu()
    const counted = await load("count", { kind: "count", count: options.count })
    const end = await settled(running, settleLimit)
    const cpu = (running.cpu() - before) * 1_000_000 / options.count
    reconcile(running, files)
    if (counted.accepted !== options.count) {
      throw new Error(`${subject.name}: ${counted.accepted} accepted, not ${options.count}`)
    }
    const seconds = (end - counted.startedAt) / 1_000
    return {
      subject: subject.name,
      round: number,
      count: options.count,
      seconds,
      rate: options.count / seconds,
      acceptSeconds: (counted.endedAt - counted.startedAt) / 1_000,
      cpu
    }
  })

const figures = (r: Pick<PipelineRound, "rate" | "seconds" | "acceptSeconds" | "cpu">) => [
  whole(r.rate),
  fixed(r.seconds),
  fixed(r.acceptSeconds),
  fixed(r.cpu, 1)
]

const middle = (rounds: ReadonlyArray<PipelineRound>) => ({
  rate: median(rounds.map((r) => r.rate)),
  seconds: median(rounds.map((r) => r.seconds)),
  acceptSeconds: median(rounds.map((r) => r.acceptSeconds)),
  cpu: median(rounds.map((r) => r.cpu))
})

export const pipeline = async (options: PipelineOptions) => {
  const [first, second] = options.subjects
  const rounds: [Array<PipelineRound>, Array<PipelineRound>] = [[], []]
  for (let number = 1; number <= options.rounds; number++) {
    for (const side of [0, 1] as const) {
      const done = await round(options, options.subjects[side], number)
      rounds[side].push(done)
      console.log(`round ${number} ${done.subject}: ${whole(done.rate)}/s, ${whole(done.count)} reconciled`)
    }
  }
  const [a, b] = [middle(rounds[0]), middle(rounds[1])]
  /** How far these lie apart is how far the medians can be trusted. */
  const pairs = rounds[0].map((r, index) => r.rate / rounds[1][index]!.rate)
  const ratios = { rate: a.rate / b.rate, cpu: a.cpu / b.cpu }
  console.log(`\npipeline: ${whole(options.count)} transactions, ${options.connections} connections`)
  console.log(table(["", "decided/s", "s", "s to last 202", "CPU µs"], [
    ...rounds.flatMap((side) => side.map((r) => [`${r.subject} ${r.round}`, ...figures(r)])),
    [`${first.name} median`, ...figures(a)],
    [`${second.name} median`, ...figures(b)],
    [`${first.name} / ${second.name}`, fixed(ratios.rate), "", "", fixed(ratios.cpu)]
  ]))
  console.log(`rate of each round, ${first.name} / ${second.name}: ${pairs.map((pair) => fixed(pair)).join("  ")}`)
  return { rounds: rounds.flat(), medians: { first: a, second: b }, ratios, pairs }
}
