type Line = readonly [command: string, what: string]

const groups: Readonly<Record<string, ReadonlyArray<Line>>> = {
  accounts: [
    ["accounts create NAME", "create an account; its secret is told once (operator)"],
    ["accounts list", "list accounts (operator)"],
    ["accounts rotate [ACCOUNT]", "make another secret, of your own account or of one that is named (operator)"],
    ["accounts disable ACCOUNT", "refuse every request of an account (operator)"],
    ["accounts enable ACCOUNT", "let it in again (operator)"]
  ],
  parked: [
    ["parked list", "list transactions whose record could not be decided (operator)"],
    ["parked replay ID", "send one to the processor again (operator)"],
    ["parked give-up ID", "give one up: rejected if its card still does not open (operator)"]
  ]
}

const all: ReadonlyArray<Line> = [
  ["send --amount CENTS", "submit a transaction, safely repeated under one key"],
  ["get ID", "read a transaction, wait for its decision, or read its timeline"],
  ["list", "list, filter and export transactions"],
  ["tail", "hear of transactions as they happen, until Ctrl-C"],
  ...groups["accounts"]!,
  ...groups["parked"]!,
  ["audit", "count what was accepted and what became of it (operator)"],
  ["pipeline", "tell how much waits at every stage (operator)"]
]

const table = (lines: ReadonlyArray<Line>): string => {
  const width = Math.max(...lines.map(([command]) => command.length))
  return lines.map(([command, what]) => `  gateway ${command.padEnd(width)}  ${what}`).join("\n")
}

const more = "Every command takes --url, --json and --help; the help of a command has its options and examples."

const overview = `Talk to a payment gateway.

COMMANDS

${table(all)}

${more}

EXAMPLES

  gateway send --amount 1999 --wait 10
  gateway list --status rejected --since 2026-11-28T00:00:00Z
  gateway list --all --json | jq -r .id
  gateway tail --json

WHERE, AND AS WHOM

  --url, or GATEWAY_URL              the gateway (http://127.0.0.1:8080)
  GATEWAY_ACCOUNT, GATEWAY_SECRET    the account; a secret is never an argument
  OPERATOR_SECRET                    the operator, for what is marked so and for --operator
  DATA_DIR (./data)                  on the gateway's own machine, the demo account and the operator from its files

EXIT CODES

  0  done: a transaction is approved, or still processing
  1  the gateway cannot be reached or cannot answer now, after all retries; or the audit does not hold
  2  the command, or what it asks for, is not valid
  3  the transaction is rejected (send, get)
  4  not authenticated, or not allowed
  5  not found
`

const isHelp = (arg: string | undefined) => arg === undefined || arg === "--help" || arg === "-h"

/** The help of all of it, or of a group of commands; that of one command is the parser's. */
export const helpFor = ([first, second]: ReadonlyArray<string>): string | undefined => {
  if (isHelp(first)) return overview
  const group = groups[first!]
  return group !== undefined && isHelp(second) ? `COMMANDS\n\n${table(group)}\n\n${more}\n` : undefined
}

/** What the parser says of every option, and says nothing with. */
const noise = new Set([
  "A user-defined piece of text.",
  "An integer.",
  "A true or false value.",
  "This setting is optional.",
  "This option may be repeated zero or more times."
])

// eslint-disable-next-line no-control-regex
const colours = /\u001b\[[0-9;]*m/g

export const withoutColours = (text: string): string => text.replace(colours, "")

/** The parser's page without what it repeats. */
export const tidied = (page: string): string =>
  page.split("\n").filter((line) => !noise.has(withoutColours(line).trim())).join("\n").replace(
    /\n\s*\n(?:\s*\n)+/g,
    "\n\n"
  )
