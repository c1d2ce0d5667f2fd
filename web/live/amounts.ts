/** Cents of what a person wrote, `19.99` or `19,99`; null for what is no amount. No float on the way. */
export const centsOf = (text: string): number | null => {
  const match = /^\s*\$?\s*(\d{1,9})(?:[.,](\d{1,2}))?\s*$/.exec(text)
  return match === null ? null : Number(match[1]) * 100 + Number((match[2] ?? "").padEnd(2, "0"))
}

/** `1999` as `19.99`: what a field begins with. */
export const textOfCents = (cents: number): string =>
  `${Math.trunc(cents / 100)}.${String(Math.abs(cents % 100)).padStart(2, "0")}`
