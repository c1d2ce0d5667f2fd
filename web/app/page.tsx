import { LiveView } from "../live/LiveView.tsx"

export default function TransactionsPage() {
  return <LiveView />
}
