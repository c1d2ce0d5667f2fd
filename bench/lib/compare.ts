import { untilQuiet } from "./machine.ts"
import { fixed, median, table, whole } from "./report.ts"
import type { Program } from "./roles.ts"

/** A round of a program of the distributed profile. */
export interface Measured {
  readonly program: string
  readonly round: number
  readonly count: number
  /** Transactions per second. */
  readonly rate: number
  /** Microseconds of CPU for one transaction, of the program's own processes. */
  readonly cpu: number
  /** What everything else on the machine used of all cores meanwhile, in percent. */
  readonly others: number
  /** Of the machine, when the round ended. */
  readonly load: number
}

export interface Rounds {
  /** The gateway first; each of the others is what it is compared with. */
  readonly programs: ReadonlyArray<Program>
  readonly rounds: number
  /** Transactions of a round. */
  readonly count: number
  /** The same for programs that handle one message at a time. */
  readonly countOfSingles: number
  /** For how many seconds a round waits until nothing else runs, and is done again if something did; 0 takes all. */
  readonly patience: number
}

const mostOthers = 15
const mostTries = 4

export const countOf = (options: Rounds, program: Program) =>
  program.name.startsWith("single") ? options.countOfSingles : options.count

/** A B C A B C. */
export const alternate = async <R extends Measured>(
  options: Rounds,
  once: (program: Program, round: number) => Promise<R>
): Promise<ReadonlyArray<R>> => {
  const rounds: Array<R> = []
  for (let number = 1; number <= options.rounds; number++) {
    for (const program of options.programs) {
      for (let tries = 1;; tries++) {
        await untilQuiet(options.patience)
        const done = await once(program, number)
        const disturbed = options.patience > 0 && done.others > mostOthers && tries < mostTries
        console.log(
          `round ${number} ${program.name}: ${whole(done.rate)}/s, ${whole(done.count)} reconciled, others ${
            fixed(done.others, 0)
          } %${disturbed ? ", which is too much: again" : ""}`
        )
        if (disturbed) continue
        rounds.push(done)
        break
      }
    }
  }
  return rounds
}

export interface Column<R> {
  readonly head: string
  readonly of: (round: R) => number
  readonly digits?: number
}

/** Prints every round, the medians, and the first program's ratios to each of the others. */
export const compare = <R extends Measured>(
  title: string,
  programs: ReadonlyArray<Program>,
  rounds: ReadonlyArray<R>,
  columns: ReadonlyArray<Column<R>>
) => {
  const all: ReadonlyArray<Column<R>> = [
    { head: "decided/s", of: (r) => r.rate, digits: 0 },
    ...columns,
    { head: "others %", of: (r) => r.others, digits: 0 }
  ]
  const text = (value: number, { digits = 1 }: Column<R>) => digits === 0 ? whole(value) : fixed(value, digits)
  const sides = programs.map(({ name }) => {
    const own = rounds.filter((r) => r.program === name)
    return {
      name,
      rounds: own,
      rate: median(own.map((r) => r.rate)),
      cpu: median(own.map((r) => r.cpu)),
      medians: all.map((column) => median(own.map(column.of)))
    }
  })
  const [first, ...others] = sides as [typeof sides[number], ...typeof sides]
  const ratios = others.map((other) => ({
    name: `${first.name} / ${other.name}`,
    rate: first.rate / other.rate,
    cpu: first.cpu / other.cpu,
    /** How far these lie apart is how far the medians can be trusted. */
    pairs: first.rounds.map((r, index) => r.rate / other.rounds[index]!.rate)
  }))
  console.log(`\n${title}`)
  console.log(table(["", ...all.map((_) => _.head)], [
    ...sides.flatMap((side) =>
      side.rounds.map((r) => [`${r.program} ${r.round}`, ...all.map((_) => text(_.of(r), _))])
    ),
    ...sides.map((side) => [`${side.name} median`, ...side.medians.map((value, index) => text(value, all[index]!))])
  ]))
  for (const { cpu, name, pairs, rate } of ratios) {
    console.log(
      `${name}: rate ${fixed(rate)} (each round: ${pairs.map((pair) => fixed(pair)).join("  ")}), CPU ${fixed(cpu)}`
    )
  }
  return {
    rounds,
    medians: Object.fromEntries(
      sides.map(({ medians, name }) => [
        name,
        Object.fromEntries(all.map(({ head }, index) => [head, medians[index]]))
      ])
    ),
    ratios
  }
}
