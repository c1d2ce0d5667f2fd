import { paths } from "../api/paths.ts"

/** One word for a POSIX shell, whatever is in it. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** Who asks; the secret is the shell's own variable, never in what is copied. */
const user = (account: string): string =>
  account === "operator" ? `-u "operator:$SECRET"` : `-u ${quoted(`${account}:`)}"$SECRET"`

/** The command that reads a transaction. */
export const readCommand = (origin: string, account: string, id: string): string =>
  `curl ${user(account)} ${quoted(origin + paths.transaction(id))}`

/** The command that sends one: the same request, with the same key. */
export const sendCommand = (
  origin: string,
  account: string,
  body: string,
  headers: Readonly<Record<string, string>>
): string =>
  [
    `curl ${user(account)} ${quoted(origin + paths.transactions)}`,
    ...Object.entries({ "Content-Type": "application/json", ...headers }).map(([name, value]) =>
      `-H ${quoted(`${name}: ${value}`)}`
    ),
    `--data-raw ${quoted(body)}`
  ].join(" \\\n  ")
