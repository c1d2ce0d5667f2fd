/** Commands with their subcommands. */
const commands: Readonly<Record<string, ReadonlyArray<string>>> = {
  accounts: ["create", "list", "rotate", "disable", "enable"],
  parked: ["list", "replay", "give-up"]
}

/** Options that take no value. */
const flags = new Set([
  "--json",
  "--all",
  "--csv",
  "--batch",
  "--operator",
  "--timeline",
  "--help",
  "-h",
  "--version",
  "--wizard"
])

/**
 * The parser wants options before arguments; people write `gateway get txn_… --json`. Words of the command, then options
 * with their values, then arguments.
 */
export const optionsFirst = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const words = args.slice(0, commands[args[0] ?? ""]?.includes(args[1] ?? "") ? 2 : 1)
  if (words[0]?.startsWith("-") !== false) return args
  const options: Array<string> = []
  const others: Array<string> = []
  const rest = args.slice(words.length)
  for (let i = 0; i < rest.length; i++) {
    const arg = rest[i]!
    if (arg === "--") {
      others.push(...rest.slice(i + 1))
      break
    }
    if (!arg.startsWith("-") || arg === "-") {
      others.push(arg)
      continue
    }
    options.push(arg)
    const value = rest[i + 1]
    if (!flags.has(arg) && !arg.includes("=") && value !== undefined) {
      options.push(value)
      i++
    }
  }
  return [...words, ...options, ...others]
}
