import { rmSync } from "node:fs"
import { runLoad } from "./lib/load.ts"
import { median } from "./lib/report.ts"
import { subject } from "./lib/subject.ts"
const slices = Number(process.argv[2] ?? 14)
const names = (process.argv[3] ?? "gateway,other").split(",")
const running = []
for (const [i, name] of names.entries()) {
  rmSync(`/tmp/ab/${i}`, { recursive: true, force: true })
  running.push(await subject(name).start(`/tmp/ab/${i}`))
}
const cpu: Array<Array<number>> = names.map(() => []), rate: Array<Array<number>> = names.map(() => [])
for (let s = 0; s < slices; s++) {
  for (let k = 0; k < names.length; k++) {
    const i = (s % 2 === 0) ? k : names.length - 1 - k
    const r = running[i]!
    let before = { cpu: 0, accepted: 0 }
    const result = await runLoad({
      host: r.host,
      port: r.port,
      authorization: r.authorization,
      connections: 64,
      idempotencyKeys: false,
      idsFile: `/tmp/ab/ids-${i}`,
      model: { kind: "closed", warmup: s === 0 ? 3 : 0.3, seconds: 1.5 }
    }, (accepted) => {
      before = { cpu: r.cpu(), accepted }
    })
    await new Promise((_) => setTimeout(_, 400))
    const c = (r.cpu() - before.cpu) * 1e6 / (result.accepted - before.accepted)
    if (s > 0) {
      cpu[i]!.push(c)
      rate[i]!.push(result.rate)
    }
  }
}
for (const [i, name] of names.entries()) {
  console.log(
    name,
    "cpu",
    median(cpu[i]!).toFixed(0),
    "min",
    Math.min(...cpu[i]!).toFixed(0),
    "rate",
    median(rate[i]!).toFixed(0)
  )
}
const ratios = cpu[0]!.map((c, i) => c / cpu[1]![i]!)
console.log("cpu ratio median", median(ratios).toFixed(3), ratios.map((_) => _.toFixed(2)).join(" "))
await Promise.all(running.map((_) => _.stop()))
