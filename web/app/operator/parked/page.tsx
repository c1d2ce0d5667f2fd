import { ParkedView } from "../../../operator/ParkedView.tsx"
import { OperatorOnly } from "../../../shell/AppShell.tsx"

export default function ParkedPage() {
  return (
    <OperatorOnly>
      <ParkedView />
    </OperatorOnly>
  )
}
