import { clsx } from "clsx"
import { useState } from "react"
import { useTranslations } from "use-intl"
import type { Failure } from "../api/request.ts"
import { useFormat } from "../ui/format.ts"
import { ApprovedIcon, CloseIcon, PauseIcon, RejectedIcon, WaitingIcon, WarningIcon } from "../ui/icons.tsx"
import type { Snapshot } from "./usePipeline.ts"
import { type Verdict as VerdictOf, verdictOf } from "./verdict.ts"

const good = "border-approved/40 bg-approved-soft text-approved"
const busy = "border-waiting/50 bg-waiting-soft text-waiting"
const bad = "border-rejected/50 bg-rejected-soft text-rejected"

const looks = {
  well: { Icon: ApprovedIcon, className: good },
  draining: { Icon: WaitingIcon, className: busy },
  backlog: { Icon: WaitingIcon, className: busy },
  resending: { Icon: WaitingIcon, className: busy },
  parked: { Icon: PauseIcon, className: busy },
  growing: { Icon: WarningIcon, className: busy },
  silent: { Icon: WarningIcon, className: bad },
  stalledProcessor: { Icon: RejectedIcon, className: bad },
  stalledRecorder: { Icon: RejectedIcon, className: bad },
  unreachable: { Icon: CloseIcon, className: bad }
} as const

const useSentence = () => {
  const t = useTranslations("operator.verdict")
  const format = useFormat()
  return (verdict: VerdictOf): string => {
    switch (verdict.kind) {
      case "well":
      case "silent":
        return t(verdict.kind)
      case "backlog":
      case "growing":
        return t(verdict.kind, { count: verdict.count, age: format.duration(verdict.age) })
      case "draining":
        return t("draining", { count: verdict.count, left: format.duration(verdict.left) })
      case "stalledProcessor":
      case "stalledRecorder":
        return t(verdict.kind, { age: format.duration(verdict.age) })
      case "resending":
      case "parked":
        return t(verdict.kind, { count: verdict.count })
    }
  }
}

/** The one sentence that says how the pipeline is. */
export function Verdict({ failure, snapshot }: { readonly snapshot: Snapshot; readonly failure: Failure | null }) {
  const t = useTranslations("operator.verdict")
  const format = useFormat()
  const sentence = useSentence()
  const verdict = verdictOf(snapshot)
  const kind = failure === null ? verdict.kind : "unreachable"
  const at = format.clock(snapshot.at)
  const text = failure === null
    ? sentence(verdict)
    : failure.kind === "unreachable"
    ? t("unreachable", { at })
    : t("refused", { detail: failure.detail || failure.code, at })
  const { Icon, className } = looks[kind]
  return (
    <div
      className={clsx("flex items-center gap-3 rounded-large border px-4 py-3", className)}
      data-verdict={kind}
    >
      <Icon
        className={clsx("shrink-0 [--surface:var(--approved-soft)]", kind === "draining" && "breathing")}
        size={22}
      />
      <p className="text-large font-semibold text-balance">{text}</p>
      {/* told again when it becomes another one, not with every number */}
      <VerdictNews kind={kind} text={text} />
    </div>
  )
}

/** For screen readers, which would else hear every number of it. */
function VerdictNews({ kind, text }: { readonly kind: string; readonly text: string }) {
  const [told, setTold] = useState({ kind, text: "" })
  if (told.kind !== kind) setTold({ kind, text })
  return <p aria-live="polite" className="visually-hidden">{told.text}</p>
}
