export const rates = {
  title: "Rates",
  show: "Show the chart",
  hide: "Hide the chart",
  throughput: { label: "Throughput", hint: "last 60 s", unit: "/s" },
  approval: {
    label: "Approved",
    hint: "{count, plural, =0 {none decided} other {of # decided}}"
  },
  p95: { label: "p95 to decision", short: "p95", hint: "slowest second" },
  waiting: { label: "Waiting", hint: "last 5 min" },
  description: {
    throughput: "Transactions accepted per second, the mean of the last 60 complete seconds",
    approval:
      "The share of approved ones among those that were accepted in the last 60 complete seconds and are decided",
    p95:
      "From acceptance to decision. Each second has its own 95th percentile; this is the largest of the last 60 complete seconds, so at least 95 % were decided within it",
    waiting: "Accepted in the last 5 minutes and not decided yet"
  },
  stopped: "Not live. Figures as of {time}",
  unknown: "Not live. No figures yet",
  paused: "The list is paused; these figures go on",
  chart: {
    approved: "Approved",
    rejected: "Rejected",
    perSecond: "per second",
    p95: "p95",
    summary:
      "Chart of the last 5 minutes up to {until}: {approved} approved, {rejected} rejected, at most {peak} in a second, p95 {p95}. The table that follows has the numbers.",
    failed: "The chart could not be loaded. The figures are right without it."
  },
  table: {
    caption: "Transactions of the last 5 minutes, by 30 seconds of acceptance",
    from: "From",
    accepted: "Accepted",
    approved: "Approved",
    rejected: "Rejected",
    p95: "p95, slowest second"
  }
}
