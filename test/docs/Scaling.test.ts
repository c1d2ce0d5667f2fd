import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { inProject } from "../../scripts/setup.mjs"

const page = readFileSync(inProject("docs/scaling.md"), "utf8")

/** The rows of the table whose first column has this head, with the head first. */
const tableUnder = (first: string): ReadonlyArray<ReadonlyArray<string>> => {
  const table = page.split("\n\n").find((block) => block.startsWith(`| ${first} |`))
  if (table === undefined) return assert.fail(`no table begins with ${first}`)
  return table.trim().split("\n").filter((_, index) => index !== 1).map((row) =>
    row.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", ""))
  )
}

const numberOf = (text: string): number => {
  assert.match(text, /^\d[\d,]*(\.\d+)?$/, `${text} is a number`)
  return Number(text.replaceAll(",", ""))
}

/** Numbers, names, + - * / and parentheses, `up` (to the next whole number) and `max`. */
const evaluate = (formula: string, values: ReadonlyMap<string, number>): number => {
  assert.match(formula, /^[\w\s.+*/(),-]+$/)
  const names = Array.from(new Set(formula.match(/[A-Za-z]\w*/g) ?? [])).filter((_) => _ !== "up" && _ !== "max")
  for (const name of names) assert.isTrue(values.has(name), `${name} of ${formula} is explained`)
  const compute = new Function("up", "max", ...names, `return ${formula}`)
  return compute(Math.ceil, Math.max, ...names.map((name) => values.get(name)!)) as number
}

/** Half of the last digit that is written, of which zeros at the end of a whole number are none. */
const tolerance = (text: string): number => {
  const decimals = /\.(\d+)$/.exec(text)?.[1]?.length
  const zeros = /0*$/.exec(text.replaceAll(",", ""))![0].length
  return 0.5 * (decimals === undefined ? 10 ** zeros : 10 ** -decimals)
}

describe("docs/scaling.md", () => {
  const inputs = new Map(tableUnder("name").slice(1).map(([name = "", value = ""]) => [name, numberOf(value)]))
  const [head = [], ...rows] = tableUnder("at a rate of")
  const rates = head.slice(3).map((cell) => numberOf(cell.replace("/s", "")))

  it("computes for the rates that it is about", () => assert.deepStrictEqual(rates, [100, 1_000, 10_000, 1_000_000]))

  const values = rates.map((rate) => new Map([...inputs, ["rate", rate]]))
  for (const [name = "", symbol = "", formula = "", ...cells] of rows) {
    it(`${name} is ${formula}`, () =>
      cells.forEach((cell, index) => {
        const known = values[index]!
        const computed = evaluate(formula, known)
        if (symbol !== "") known.set(symbol, computed)
        if (cell === "none") return assert.isTrue(computed < 0 || !Number.isFinite(computed), `${computed}`)
        assert.approximately(numberOf(cell), computed, tolerance(cell) * 1.001, `at ${rates[index]}/s`)
      }))
  }

  it("uses every input", () => {
    const formulas = rows.map((row) => row[2]).join(" ")
    for (const name of inputs.keys()) assert.match(formulas, new RegExp(`\\b${name}\\b`))
  })
})
