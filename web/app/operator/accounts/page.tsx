import { AccountsView } from "../../../operator/AccountsView.tsx"
import { OperatorOnly } from "../../../shell/AppShell.tsx"

export default function AccountsPage() {
  return (
    <OperatorOnly>
      <AccountsView />
    </OperatorOnly>
  )
}
