/** Enough of PromQL to say which metrics an expression names, and with which labels. */

export interface Selected {
  readonly metric: string
  readonly matchers: ReadonlyArray<{ readonly label: string; readonly operator: string; readonly value: string }>
  /** The function that is given its range, such as `rate`; null where there is none. */
  readonly rangedBy: string | null
}

export interface Named {
  readonly selected: ReadonlyArray<Selected>
  /** Of `by`, `on`, `ignoring`, `without`. */
  readonly labels: ReadonlyArray<string>
}

const token = /\s+|"(?:[^"\\]|\\.)*"|\$?[a-zA-Z_:][\w:]*|\d[\w.]*|=~|!~|!=|==|>=|<=|[-+*/%^=<>(){}[\],]/y

const tokens = (expr: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  token.lastIndex = 0
  while (token.lastIndex < expr.length) {
    const at = token.lastIndex
    const match = token.exec(expr)
    if (match === null) throw new Error(`not PromQL that is understood here, at ${expr.slice(at)}`)
    if (match[0].trim() !== "") found.push(match[0])
  }
  return found
}

const operators = new Set(["and", "or", "unless", "bool", "offset", "inf", "nan"])
const grouping = new Set(["by", "without", "on", "ignoring", "group_left", "group_right"])
const isName = (text: string | undefined) => text !== undefined && /^[a-zA-Z_:]/.test(text)

export const named = (expr: string): Named => {
  const all = tokens(expr)
  const selected: Array<Selected> = []
  const labels: Array<string> = []
  for (let at = 0; at < all.length; at++) {
    const name = all[at]!
    if (!isName(name) || operators.has(name.toLowerCase())) {
      // a range, [5m] or [30d:5m]
      if (name === "[") { while (all[at] !== "]") at++ }
      continue
    }
    if (grouping.has(name)) {
      while (all[++at] !== ")") if (isName(all[at])) labels.push(all[at]!)
      continue
    }
    if (all[at + 1] === "(" || grouping.has(all[at + 1] ?? "")) continue
    const before = all[at - 1] === "(" ? all[at - 2] : undefined
    const matchers: Array<Selected["matchers"][number]> = []
    if (all[at + 1] === "{") {
      at += 2
      while (all[at] !== "}") {
        if (all[at] === ",") at++
        else {
          matchers.push({ label: all[at]!, operator: all[at + 1]!, value: JSON.parse(all[at + 2]!) as string })
          at += 3
        }
      }
    }
    selected.push({
      metric: name,
      matchers,
      rangedBy: all[at + 1] === "[" && isName(before) ? before! : null
    })
  }
  return { selected, labels }
}
