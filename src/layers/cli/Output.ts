import { Effect, Option } from "effect"
import type { TransactionResource } from "../http/TransactionResource.ts"
import { CliSettings } from "./CliSettings.ts"
import { ReaderGone } from "./Ending.ts"

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const
export type Colour = keyof typeof codes

/** Every control character: one of them in a reference could write over the terminal. */
// eslint-disable-next-line no-control-regex
const controls = /[\u0000-\u001f\u007f-\u009f]/g

const escaped = (text: string): string =>
  text.replace(controls, (_) => `\\u${_.charCodeAt(0).toString(16).padStart(4, "0")}`)

/** JSON on one line; it escapes all but the upper control characters by itself. */
export const toJsonLine = (value: unknown): string => escaped(JSON.stringify(value))

export interface Cell {
  readonly text: string
  readonly colour?: Colour
}

export const cell = (text: string | number | null, colour?: Colour): Cell => ({
  text: text === null ? "-" : escaped(String(text)),
  ...(colour === undefined ? {} : { colour })
})

const statusColours = { approved: "green", rejected: "red", processing: "yellow" } as const

export const statusCell = (status: keyof typeof statusColours): Cell => cell(status, statusColours[status])

const dollars = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" })

export const toDollars = (cents: number): string => dollars.format(cents / 100)

export const cardText = ({ brand, last4 }: TransactionResource["card"]): string =>
  last4 === null ? "-" : `${brand ?? "unknown"} ${last4}`

const write = (text: string) =>
  Effect.async<void, ReaderGone>((resume) => {
    process.stdout.write(text, (error) => resume(error ? new ReaderGone() : Effect.void))
  })

/** Standard output: text for people, JSON for programs, colours on a terminal alone. */
export class Output extends Effect.Service<Output>()("gateway/Output", {
  effect: Effect.gen(function*() {
    const { noColor } = yield* CliSettings
    // the writer's callback is told too; without a listener the process would die of it
    process.stdout.on("error", () => {})
    const coloured = process.stdout.isTTY === true && Option.isNone(noColor)

    const paint = ({ colour, text }: Cell, width = 0) => {
      const padding = " ".repeat(Math.max(0, width - [...text].length))
      return (coloured && colour !== undefined ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text) + padding
    }

    const rows = (cells: ReadonlyArray<ReadonlyArray<Cell>>): string => {
      const widths: Array<number> = []
      for (const row of cells) {
        row.forEach(({ text }, i) => {
          widths[i] = Math.max(widths[i] ?? 0, [...text].length)
        })
      }
      return cells
        .map((row) => `${row.map((_, i) => paint(_, i === row.length - 1 ? 0 : widths[i])).join("  ")}\n`)
        .join("")
    }

    return {
      coloured,
      text: write,
      line: (cells: ReadonlyArray<Cell>) => write(`${cells.map((_) => paint(_)).join("  ")}\n`),
      json: (value: unknown) => write(`${toJsonLine(value)}\n`),
      /** Columns under their names. */
      table: (head: ReadonlyArray<string>, body: ReadonlyArray<ReadonlyArray<Cell>>) =>
        write(rows([head.map((_) => cell(_, "bold")), ...body])),
      /** A name and a value on each line. */
      pairs: (values: Readonly<Record<string, Cell>>) =>
        write(rows(Object.entries(values).map(([name, value]) => [cell(name, "dim"), value])))
    } as const
  })
}) {}
