import { useQueryClient } from "@tanstack/react-query"
import { clsx } from "clsx"
import { useId } from "react"
import { toast } from "sonner"
import { useTranslations } from "use-intl"
import { paths } from "../api/paths.ts"
import { request } from "../api/request.ts"
import type { Simulation } from "../api/types.ts"
import { Button } from "../ui/Button.tsx"
import { useFormat } from "../ui/format.ts"
import { WarningIcon } from "../ui/icons.tsx"
import { useFailureText } from "../ui/States.tsx"
import { Card } from "./Page.tsx"
import { isOn, simulationKey } from "./useSimulation.ts"

type Change = Partial<Pick<Simulation, "log" | "redeliver" | "decision_delay_ms">>

const off: Change = { log: "up", redeliver: false, decision_delay_ms: 0 }
/** ms that can be chosen. */
const delays = [0, 500, 2_000, 10_000, 60_000]

function Choice({ checked, hint, label, onChange }: {
  readonly label: string
  readonly hint: string
  readonly checked: boolean
  readonly onChange: (checked: boolean) => void
}) {
  const id = useId()
  return (
    <div className="grid grid-cols-[auto_1fr] items-start gap-x-2.5">
      <input
        aria-describedby={`${id}-hint`}
        checked={checked}
        className="mt-0.5 size-4 accent-accent"
        id={id}
        onChange={(event) => onChange(event.target.checked)}
        type="checkbox"
      />
      <label className="font-medium" htmlFor={id}>{label}</label>
      <p className="col-start-2 text-small text-ink-soft" id={`${id}-hint`}>{hint}</p>
    </div>
  )
}

/** What goes wrong on purpose, where the gateway can do that. */
export function SimulationCard({ simulation }: { readonly simulation: Simulation }) {
  const t = useTranslations("operator.simulation")
  const format = useFormat()
  const client = useQueryClient()
  const failureText = useFailureText()
  const delayId = useId()
  const on = isOn(simulation)

  const change = async (change: Change) => {
    // what was chosen is shown at once; the answer says what is
    await client.cancelQueries({ queryKey: simulationKey })
    client.setQueryData(simulationKey, { ...simulation, ...change })
    const result = await request<Simulation>(paths.simulation, { method: "PATCH", body: change })
    if (result.ok) return void client.setQueryData(simulationKey, result.value)
    client.setQueryData(simulationKey, simulation)
    toast.error(t("failed", { why: failureText(result.failure) }))
  }

  return (
    <Card
      actions={
        <span
          className={clsx(
            "inline-flex items-center gap-1.5 text-small font-medium",
            on ? "text-waiting" : "text-ink-faint"
          )}
        >
          {on ? <WarningIcon size={14} /> : null}
          {on ? t("on") : t("off")}
        </span>
      }
      className={on ? "border-waiting" : ""}
      title={t("title")}
    >
      <p className="text-ink-soft">{t("lead")}</p>
      <div className="mt-4 flex flex-col gap-3">
        <Choice
          checked={simulation.log === "down"}
          hint={t("logHint")}
          label={t("log")}
          onChange={(checked) => void change({ log: checked ? "down" : "up" })}
        />
        <Choice
          checked={simulation.redeliver}
          hint={t("redeliverHint")}
          label={t("redeliver")}
          onChange={(checked) => void change({ redeliver: checked })}
        />
        <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
          <label className="font-medium" htmlFor={delayId}>{t("delay")}</label>
          <select
            className="figures h-8 rounded-base border border-edge bg-surface px-2 text-base text-ink"
            id={delayId}
            onChange={(event) => void change({ decision_delay_ms: Number(event.target.value) })}
            value={simulation.decision_delay_ms}
          >
            {[...new Set([...delays, simulation.decision_delay_ms])].sort((a, b) => a - b).map((delay) => (
              <option key={delay} value={delay}>{delay === 0 ? t("noDelay") : format.duration(delay)}</option>
            ))}
          </select>
          {on ? <Button className="ml-auto" onClick={() => void change(off)} size="small">{t("end")}</Button> : null}
        </div>
      </div>
    </Card>
  )
}
