import { Effect } from "effect"
import * as fs from "node:fs"
import * as path from "node:path"
import { CannotStart } from "../CannotStart.ts"

/** Written whole or not at all, and readable by its owner alone. */
export const writePrivately = (file: string, text: string) =>
  Effect.try({
    try: () => {
      const draft = `${file}.new`
      const descriptor = fs.openSync(draft, "w", 0o600)
      try {
        fs.writeFileSync(descriptor, text)
        fs.fsyncSync(descriptor)
      } finally {
        fs.closeSync(descriptor)
      }
      fs.renameSync(draft, file)
      const folder = fs.openSync(path.dirname(file), "r")
      fs.fsyncSync(folder)
      fs.closeSync(folder)
    },
    catch: (cause) =>
      new CannotStart({
        sentence: `${file} cannot be written (${String(cause)}): make its folder writable, with space left.`
      })
  })

/** Null when there is none. */
export const readPrivately = (file: string) =>
  Effect.try({
    try: () => fs.existsSync(file) ? fs.readFileSync(file, "utf8") : null,
    catch: (cause) =>
      new CannotStart({ sentence: `${file} cannot be read (${String(cause)}): give this user the right to read it.` })
  })
