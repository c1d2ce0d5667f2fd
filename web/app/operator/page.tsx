import { PipelineView } from "../../operator/PipelineView.tsx"
import { OperatorOnly } from "../../shell/AppShell.tsx"

export default function PipelinePage() {
  return (
    <OperatorOnly>
      <PipelineView />
    </OperatorOnly>
  )
}
