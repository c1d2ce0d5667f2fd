/**
 * Cents of an amount as people write it, with a comma or a dot; null of anything that could be read in two ways
 * (`1,000`). Digits are moved, never multiplied.
 */
export const centsOf = (text: string): number | null => {
  const plain = text.trim().replace(/^(?:US)?\$\s*/, "")
  // both separators tell each other apart
  const grouped = /^(-?)(?:(\d{1,3}(?:,\d{3})+)\.(\d{2})|(\d{1,3}(?:\.\d{3})+),(\d{2}))$/.exec(plain)
  const simple = /^(-?)(\d+)(?:[.,](\d{1,2}))?$/.exec(plain)
  const [sign, whole, fraction] = grouped !== null
    ? [grouped[1], (grouped[2] ?? grouped[4]!).replace(/[.,]/g, ""), grouped[3] ?? grouped[5]!]
    : simple !== null
    ? [simple[1], simple[2]!, simple[3] ?? ""]
    : [null, "", ""]
  if (sign === null) return null
  const cents = Number(whole + fraction.padEnd(2, "0"))
  if (!Number.isSafeInteger(cents)) return null
  return sign === "-" && cents !== 0 ? -cents : cents
}

/** As one types it: `1000.01`. */
export const textOf = (cents: number, separator: "." | ","): string =>
  `${Math.trunc(cents / 100)}${separator}${String(cents % 100).padStart(2, "0")}`
