import { clsx } from "clsx"
import type { ReactNode } from "react"
import { useTranslations } from "use-intl"
import { useSeconds } from "../feed/useFeed.tsx"
import { useFormat } from "../ui/format.ts"
import { ApprovedIcon, RejectedIcon, WaitingIcon, WarningIcon } from "../ui/icons.tsx"
import type { Snapshot } from "./usePipeline.ts"
import { type StageName, type StageState, stageState } from "./verdict.ts"

const looks = {
  keepsUp: { Icon: ApprovedIcon, className: "text-approved" },
  isBehind: { Icon: WaitingIcon, className: "text-waiting" },
  isStalled: { Icon: RejectedIcon, className: "text-rejected" },
  isUnknown: { Icon: WarningIcon, className: "text-rejected" }
} as const

function State({ state }: { readonly state: StageState }) {
  const t = useTranslations("operator.stages")
  const { Icon, className } = looks[state]
  return (
    <span className={clsx("inline-flex items-center gap-1 text-small font-medium whitespace-nowrap", className)}>
      <Icon size={13} />
      {t(state)}
    </span>
  )
}

interface StageProps {
  readonly name: string
  readonly does: string
  readonly figure: ReactNode
  readonly note: ReactNode
  readonly state?: StageState
}

function Stage({ does, figure, name, note, state }: StageProps) {
  return (
    <li className="flex min-w-0 flex-col rounded-large border border-line bg-surface p-3.5 lg:flex-[1.5_1_0]">
      <div className="flex flex-wrap items-center justify-between gap-x-2">
        <h3 className="font-semibold">{name}</h3>
        {state === undefined ? null : <State state={state} />}
      </div>
      <p className="text-small text-ink-soft lg:min-h-9">{does}</p>
      <p className="figures pt-2 text-figure font-semibold group-data-stale/pipeline:text-ink-faint">
        {figure}
      </p>
      <p className="figures text-small text-ink-soft">{note}</p>
    </li>
  )
}

const pipes = {
  keepsUp: { word: "flowing", className: "border-edge", arrow: "border-edge" },
  isBehind: { word: "waiting", className: "border-b-[5px] border-waiting", arrow: "border-waiting" },
  isStalled: { word: "stalled", className: "border-b-[5px] border-rejected", arrow: "border-rejected" },
  isUnknown: { word: "unknown", className: "border-dashed border-rejected", arrow: "border-rejected" }
} as const

/** The way from one stage to the next: through a topic, whose name stands on it, or straight. */
function Pipe({ state = "keepsUp", topic }: { readonly state?: StageState; readonly topic?: string }) {
  const t = useTranslations("operator.stages")
  const { arrow, className, word } = pipes[state]
  return (
    <li
      aria-hidden={topic === undefined}
      className={clsx(
        "flex shrink-0 items-center gap-2 pl-6 max-lg:min-h-9 lg:flex-col lg:justify-center lg:gap-1 lg:px-1.5 lg:pl-1.5",
        topic === undefined ? "lg:w-9" : "lg:w-38"
      )}
    >
      {topic === undefined ? null : (
        <span className="order-2 font-mono text-tiny text-ink-soft lg:order-none">
          <span className="visually-hidden">{t("topic")}</span> {topic}
        </span>
      )}
      <span aria-hidden className="flex w-full items-center max-lg:h-full max-lg:w-auto max-lg:flex-col">
        <span className={clsx("border-b-2 max-lg:hidden lg:grow", className)} />
        <span
          className={clsx(
            "max-lg:min-h-6 max-lg:grow lg:hidden",
            state === "isBehind" || state === "isStalled" ? "border-l-[5px]" : "border-l-2",
            state === "isUnknown" && "border-dashed",
            arrow
          )}
        />
        <span
          className={clsx(
            "size-2 shrink-0 rotate-45 border-r-2 border-b-2 max-lg:-mt-2 lg:-ml-2 lg:-rotate-45",
            arrow
          )}
        />
      </span>
      {topic === undefined ? null : <span className="visually-hidden">{t(`pipe.${word}`)}</span>}
    </li>
  )
}

/** Seconds over which the throughput is told, the present one left out: it has only begun. */
const rateOver = 10
const minute = 60

function Intake() {
  const t = useTranslations("operator.stages")
  const format = useFormat()
  const seconds = useSeconds()
  const accepted = (over: number) => seconds.slice(-over - 1, -1).reduce((sum, second) => sum + second.accepted, 0)
  return (
    <Stage
      does={t("intakeDoes")}
      figure={t("rate", { rate: format.decimal(accepted(rateOver) / rateOver) })}
      name={t("intake")}
      note={t("accepted", { count: accepted(minute) })}
    />
  )
}

function Recorded() {
  const t = useTranslations("operator.stages")
  const format = useFormat()
  const last = useSeconds().slice(-minute - 1, -1)
  const sum = (of: "accepted" | "approved" | "rejected") => last.reduce((total, second) => total + second[of], 0)
  const [approved, rejected] = [sum("approved"), sum("rejected")]
  return (
    <Stage
      does={t("recordedDoes")}
      figure={t("decided", { count: format.count(approved + rejected), accepted: format.count(sum("accepted")) })}
      name={t("recorded")}
      note={t("outcome", { approved: format.count(approved), rejected: format.count(rejected) })}
    />
  )
}

function Worker({ name, snapshot, state }: {
  readonly name: StageName
  readonly snapshot: Snapshot
  readonly state: StageState
}) {
  const t = useTranslations("operator.stages")
  const format = useFormat()
  const lag = snapshot.history.at(-1)?.lag[name] ?? null
  return (
    <Stage
      does={t(`${name}Does`)}
      figure={lag === null ? t("unknown") : t("behind", { count: format.count(lag.records) })}
      name={t(name)}
      note={lag === null
        ? t("unknownWhy")
        : lag.records === 0
        ? t("nothingWaits")
        : t("oldest", { age: format.duration(lag.seconds * 1_000) })}
      state={state}
    />
  )
}

/** The pipeline as a transaction passes it: left to right, or downwards where there is no room. */
export function Stages({ snapshot }: { readonly snapshot: Snapshot }) {
  const t = useTranslations("operator.stages")
  const processor = stageState("processor", snapshot.history)
  const recorder = stageState("recorder", snapshot.history)
  return (
    <section>
      <h2 className="visually-hidden">{t("title")}</h2>
      <ol className="flex flex-col lg:flex-row lg:items-stretch">
        <Intake />
        <Pipe state={processor} topic="transactions" />
        <Worker name="processor" snapshot={snapshot} state={processor} />
        <Pipe state={recorder} topic="transactions_result" />
        <Worker name="recorder" snapshot={snapshot} state={recorder} />
        <Pipe />
        <Recorded />
      </ol>
    </section>
  )
}
