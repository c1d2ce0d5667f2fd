"use client"
import { clsx } from "clsx"
import { useTranslations } from "use-intl"
import type { Simulation } from "../api/types.ts"
import { useFormat } from "../ui/format.ts"
import { WarningIcon } from "../ui/icons.tsx"
import { FailureNotice, Skeleton } from "../ui/States.tsx"
import { AuditCard } from "./AuditCard.tsx"
import { Counts } from "./Counts.tsx"
import { Page } from "./Page.tsx"
import { ago } from "./rich.tsx"
import { SimulationCard } from "./SimulationCard.tsx"
import { Stages } from "./Stages.tsx"
import { usePipeline } from "./usePipeline.ts"
import { isOn, useSimulation } from "./useSimulation.ts"
import { Verdict } from "./Verdict.tsx"

/** Whoever reads the verdict has to know that it is about something made up. */
function SimulationNotice({ simulation }: { readonly simulation: Simulation }) {
  const t = useTranslations("operator.simulation")
  const verdict = useTranslations("operator.verdict")
  const format = useFormat()
  const what = [
    simulation.log === "down" ? [t("nowLog")] : [],
    simulation.redeliver ? [t("nowRedeliver")] : [],
    simulation.decision_delay_ms > 0 ? [t("nowDelay", { delay: format.duration(simulation.decision_delay_ms) })] : []
  ].flat().join(", ")
  return (
    <p className="flex items-center gap-1.5 px-4 text-small font-medium text-waiting">
      <WarningIcon className="shrink-0" size={14} />
      {verdict("simulated", { what })}
    </p>
  )
}

function PipelineSkeleton() {
  const t = useTranslations("common")
  return (
    <div aria-busy className="flex flex-col gap-4">
      <p className="visually-hidden">{t("loading")}</p>
      <Skeleton className="h-13 rounded-large" />
      <div className="grid gap-4 lg:grid-cols-4">
        {Array.from({ length: 4 }, (_, index) => <Skeleton className="h-32 rounded-large" key={index} />)}
      </div>
      <Skeleton className="h-32 rounded-large" />
    </div>
  )
}

/** What an operator opens when the phone rings: how the pipeline is, in a sentence, and then why. */
export function PipelineView() {
  const t = useTranslations("operator")
  const shell = useTranslations("shell")
  const { failure, refetch, snapshot } = usePipeline()
  const simulation = useSimulation(snapshot?.pipeline.profile)
  const isStale = failure !== null
  return (
    <Page
      actions={isStale && snapshot !== undefined
        ? (
          <p className="text-small font-medium text-rejected">
            {t.rich("stale", { ago: ago(new Date(snapshot.at).toISOString()) })}
          </p>
        )
        : null}
      title={shell("pipeline")}
    >
      {snapshot === undefined
        ? failure === null ? <PipelineSkeleton /> : <FailureNotice failure={failure} onRetry={() => void refetch()} />
        : (
          <>
            <Verdict failure={failure} snapshot={snapshot} />
            {simulation !== undefined && isOn(simulation) ? <SimulationNotice simulation={simulation} /> : null}
            <div
              className={clsx("group/pipeline flex flex-col gap-4", isStale && "grayscale")}
              data-stale={isStale ? "" : undefined}
            >
              <Stages snapshot={snapshot} />
              <Counts snapshot={snapshot} />
            </div>
            <div className="grid gap-4 md:grid-cols-2">
              <AuditCard />
              {simulation === undefined ? null : <SimulationCard simulation={simulation} />}
            </div>
          </>
        )}
    </Page>
  )
}
