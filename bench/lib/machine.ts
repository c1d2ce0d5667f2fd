import { readFileSync } from "node:fs"
import { cpus } from "node:os"
import { setTimeout as sleep } from "node:timers/promises"

const clockTick = 100

/** Seconds of CPU that all processes of the machine have used, and that a hypervisor gave to others. */
const busy = (): number => {
  const ticks = readFileSync("/proc/stat", "utf8").split("\n", 1)[0]!.trim().split(/\s+/).slice(1).map(Number)
  const [user, nice, system, _idle, _iowait, irq, softirq, steal] = ticks
  return (user! + nice! + system! + irq! + softirq! + steal!) / clockTick
}

const self = () => {
  const { system, user } = process.cpuUsage()
  return (user + system) / 1_000_000
}

/** Begins now; given what our own programs used since, answers what everything else used of all cores, in percent. */
export const measureOthers = () => {
  const [at, used, own] = [performance.now(), busy(), self()]
  return (ours: number): number => {
    const available = (performance.now() - at) * cpus().length / 1_000
    return Math.max(0, (busy() - used - (self() - own) - ours) * 100 / available)
  }
}

/** Of one core. */
const quiet = 0.4

/** Waits until everything together uses less than that, at most `patience` seconds. */
export const untilQuiet = async (patience: number) => {
  const deadline = performance.now() + patience * 1_000
  while (performance.now() < deadline) {
    const before = busy()
    await sleep(2_000)
    if ((busy() - before) / 2 < quiet) return
  }
}
