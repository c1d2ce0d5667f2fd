import { useTranslations } from "use-intl"
import { useFormat } from "../ui/format.ts"
import { historyLength } from "./usePipeline.ts"

interface Point {
  /** ms since the epoch. */
  readonly at: number
  /** Null where it was unknown. */
  readonly value: number | null
}

const width = 240
const height = 36
/** ms between two points that belong to one line. */
const longestGap = 8_000

/** Lines between the points that follow each other. */
const linesOf = (points: ReadonlyArray<Point>): ReadonlyArray<ReadonlyArray<{ at: number; value: number }>> => {
  const lines: Array<Array<{ at: number; value: number }>> = []
  let last: number | null = null
  for (const { at, value } of points) {
    if (value === null) {
      last = null
      continue
    }
    if (last === null || at - last > longestGap) lines.push([])
    lines.at(-1)!.push({ at, value })
    last = at
  }
  return lines
}

/** What a number was over the last minutes, small; its text says the same. */
export function Sparkline({ name, points }: { readonly name: string; readonly points: ReadonlyArray<Point> }) {
  const t = useTranslations("operator.counts")
  const format = useFormat()
  const values = points.flatMap(({ value }) => value === null ? [] : [value])
  const present = points.at(-1)
  if (present === undefined) return null
  const most = Math.max(0, ...values)
  const minutes = historyLength / 60_000
  const bounds = { name, minutes, least: format.count(Math.min(most, ...values)), most: format.count(most) }
  const x = (at: number) => width - (present.at - at) / historyLength * width
  const y = (value: number) => height - 1.5 - value / Math.max(most, 1) * (height - 4)
  return (
    <figure className="mt-2">
      <svg
        aria-label={present.value === null
          ? t("historyUnknown", bounds)
          : t("historyText", { ...bounds, now: format.count(present.value) })}
        className="block h-9 w-full text-accent"
        preserveAspectRatio="none"
        role="img"
        viewBox={`0 0 ${width} ${height}`}
      >
        <path d={`M0 ${height - 0.5}H${width}`} stroke="var(--line)" vectorEffect="non-scaling-stroke" />
        {linesOf(points).map((line) => {
          const path = line.map(({ at, value }) => `${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join("L")
          return (
            <g key={line[0]!.at}>
              <path
                d={`M${path}V${height}H${x(line[0]!.at).toFixed(1)}Z`}
                fill="currentColor"
                opacity={0.12}
              />
              <path
                d={`M${path}`}
                fill="none"
                stroke="currentColor"
                strokeLinejoin="round"
                strokeWidth={1.5}
                vectorEffect="non-scaling-stroke"
              />
            </g>
          )
        })}
      </svg>
      <figcaption aria-hidden className="figures mt-1 text-tiny text-ink-faint">
        {t("history", { minutes, most: format.count(most) })}
      </figcaption>
    </figure>
  )
}
