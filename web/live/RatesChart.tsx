"use client"
import { useEffect, useRef, useState } from "react"
import type UPlot from "uplot"
import { useTranslations } from "use-intl"
import type { Second } from "../feed/Rates.ts"
import { type Format, useFormat } from "../ui/format.ts"

/** Of the plot's height, from below: counts, a distance, and the strip of the p95. */
const countsTo = 0.62
const stripFrom = 0.72

/** The next 1, 1.5, 2, 2.5, … of its power of ten: the axis ends on what one can read. */
const niceMax = (value: number): number => {
  if (value <= 1) return 1
  const step = Math.max(1, 10 ** Math.floor(Math.log10(value)) / 2)
  return Math.ceil(value / step) * step
}

const maxOf = (values: ArrayLike<number | null | undefined>): number => {
  let max = 0
  for (let i = 0; i < values.length; i++) max = Math.max(max, values[i] ?? 0)
  return max
}

type Colors = Readonly<Record<"approved" | "approvedSoft" | "rejected" | "ink" | "faint" | "line" | "font", string>> & {
  readonly hatch: CanvasPattern | string
}

const readColors = (): Colors => {
  const root = getComputedStyle(document.documentElement)
  const of = (name: string) => root.getPropertyValue(`--${name}`).trim()
  return {
    approved: of("approved"),
    approvedSoft: of("approved-soft"),
    rejected: of("rejected"),
    ink: of("ink-soft"),
    faint: of("ink-faint"),
    line: of("line"),
    font: `11px ${getComputedStyle(document.body).fontFamily}`,
    hatch: hatch(of("rejected"), of("rejected-soft"))
  }
}

/** Slanted strokes: what was rejected is told apart without its colour. */
const hatch = (stroke: string, ground: string): CanvasPattern | string => {
  const size = 5 * Math.max(1, Math.round(devicePixelRatio))
  const canvas = document.createElement("canvas")
  canvas.width = canvas.height = size
  const context = canvas.getContext("2d")
  if (context === null) return ground
  context.fillStyle = ground
  context.fillRect(0, 0, size, size)
  context.strokeStyle = stroke
  context.lineWidth = size / 5
  for (const shift of [-size, 0, size]) {
    context.moveTo(shift, size)
    context.lineTo(shift + size, 0)
  }
  context.stroke()
  return context.createPattern(canvas, "repeat") ?? ground
}

/** Total first: the approved ones are drawn over it, and what is left of it is rejected. */
const toData = (seconds: ReadonlyArray<Second>): UPlot.AlignedData => [
  seconds.map(({ at }) => at),
  seconds.map(({ approved, rejected }) => approved + rejected),
  seconds.map(({ approved }) => approved),
  seconds.map(({ p95 }) => p95)
]

const optionsOf = (
  uPlot: typeof UPlot,
  { colors, format, onCursor }: {
    readonly colors: () => Colors
    readonly format: Format
    readonly onCursor: (index: number | null) => void
  }
): Omit<UPlot.Options, "width" | "height"> => {
  const stepped = uPlot.paths.stepped!({ align: 1 })
  const axis = { font: colors().font, stroke: () => colors().faint, ticks: { show: false }, gap: 4 }
  const countsMax = (u: UPlot) => niceMax(maxOf(u.data[1] ?? []))
  const p95Max = (u: UPlot) => niceMax(maxOf(u.data[3] ?? []))
  const grid = { stroke: () => colors().line, width: 1 }
  return {
    pxAlign: 1,
    padding: [7, 0, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { show: false }
    },
    hooks: { setCursor: [(u) => onCursor(u.cursor.idx ?? null)] },
    scales: {
      x: { time: true, range: (_, min, max) => [min, Math.max(max, min + 1)] },
      counts: { range: (u) => [0, countsMax(u) / countsTo] },
      p95: { range: (u) => [-p95Max(u) * stripFrom / (1 - stripFrom), p95Max(u)] }
    },
    series: [
      {},
      {
        scale: "counts",
        paths: stepped,
        points: { show: false },
        width: 1,
        stroke: () => colors().rejected,
        fill: () => colors().hatch as string
      },
      {
        scale: "counts",
        paths: stepped,
        points: { show: false },
        width: 1,
        stroke: () => colors().approved,
        fill: () => colors().approvedSoft
      },
      // stepped too: a second between two empty ones is seen
      { scale: "p95", paths: stepped, points: { show: false }, width: 1, stroke: () => colors().ink }
    ],
    axes: [
      {
        ...axis,
        size: 18,
        space: 64,
        grid: { show: false },
        incrs: [60, 120, 300],
        values: (_, splits) => splits.map((at) => format.minute(at * 1_000))
      },
      {
        ...axis,
        scale: "counts",
        size: 40,
        grid,
        splits: (u) => [0, countsMax(u)],
        values: (_, splits) => splits.map((value) => format.count(value))
      },
      {
        ...axis,
        scale: "p95",
        side: 1,
        size: 52,
        grid,
        splits: (u) => maxOf(u.data[3] ?? []) === 0 ? [] : [p95Max(u)],
        values: (_, splits) => splits.map(format.duration)
      }
    ]
  }
}

function Swatch({ kind }: { readonly kind: "approved" | "rejected" | "p95" }) {
  return (
    <svg
      aria-hidden
      className={{ approved: "text-approved", rejected: "text-rejected", p95: "text-ink-soft" }[kind]}
      height={10}
      stroke="currentColor"
      viewBox="0 0 10 10"
      width={10}
    >
      {kind === "p95"
        ? <path d="M0 5h10" />
        : <rect fill={`var(--${kind}-soft)`} height={9} width={9} x={0.5} y={0.5} />}
      {kind === "rejected" ? <path d="M1 6l5-5M1 9l8-8M5 9l4-4" /> : null}
    </svg>
  )
}

/**
 * Five minutes, drawn by uPlot outside of React: new numbers are handed to it, and nothing else is drawn again. The
 * legend says the numbers of the second that is pointed at.
 */
export function RatesChart({ label, seconds }: { readonly label: string; readonly seconds: ReadonlyArray<Second> }) {
  const t = useTranslations("rates.chart")
  const format = useFormat()
  const host = useRef<HTMLDivElement>(null)
  const legend = useRef<HTMLParagraphElement>(null)
  const plot = useRef<UPlot>(null)
  const latest = useRef(seconds)
  const pointed = useRef<number | null>(null)
  const tell = useRef(() => {})
  const [hasFailed, setHasFailed] = useState(false)

  useEffect(() => {
    const element = host.current
    if (element === null) return
    let isOver = false
    let colors = readColors()
    const said = (name: string) => legend.current?.querySelector(`[data-said="${name}"]`)
    const say = (name: string, text: string) => {
      const place = said(name)
      if (place !== null && place !== undefined && place.textContent !== text) place.textContent = text
    }
    tell.current = () => {
      const second = pointed.current === null ? undefined : latest.current[pointed.current]
      say("at", second === undefined ? "" : format.clock(second.at * 1_000))
      say("approved", second === undefined ? "" : format.count(second.approved))
      say("rejected", second === undefined ? "" : format.count(second.rejected))
      say("p95", second === undefined ? "" : second.p95 === null ? "–" : format.duration(second.p95))
    }

    const draw = ({ default: uPlot }: { readonly default: typeof UPlot }) => {
      if (isOver) return
      const { clientHeight: height, clientWidth: width } = element
      plot.current = new uPlot(
        {
          ...optionsOf(uPlot, {
            colors: () => colors,
            format,
            onCursor: (index) => {
              pointed.current = index
              tell.current()
            }
          }),
          width,
          height
        },
        toData(latest.current),
        element
      )
    }
    import("uplot").then(draw, () => setHasFailed(true))

    const sizes = new ResizeObserver(() => {
      const { clientHeight: height, clientWidth: width } = element
      // not shown at the moment
      if (width > 0 && height > 0) plot.current?.setSize({ width, height })
    })
    sizes.observe(element)
    const themes = new MutationObserver(() => {
      colors = readColors()
      plot.current?.redraw(false)
    })
    themes.observe(document.documentElement, { attributeFilter: ["data-theme"] })
    return () => {
      isOver = true
      sizes.disconnect()
      themes.disconnect()
      plot.current?.destroy()
      plot.current = null
    }
  }, [format])

  useEffect(() => {
    latest.current = seconds
    plot.current?.setData(toData(seconds))
    tell.current()
  }, [seconds])

  if (hasFailed) return <p className="self-center px-4 text-small text-ink-soft">{t("failed")}</p>
  return (
    <div aria-label={label} className="flex h-full min-w-0 grow flex-col" role="img">
      <p
        aria-hidden
        className="figures flex h-4 shrink-0 items-center gap-3 overflow-hidden pl-10 text-tiny whitespace-nowrap text-ink-soft"
        ref={legend}
      >
        {(["approved", "rejected", "p95"] as const).map((kind) => (
          <span className="inline-flex items-center gap-1.5" key={kind}>
            <Swatch kind={kind} />
            {t(kind)}
            <span className="min-w-6 font-medium text-ink" data-said={kind} />
          </span>
        ))}
        <span data-said="at" />
      </p>
      <div className="min-h-0 grow overflow-hidden" ref={host} />
    </div>
  )
}
