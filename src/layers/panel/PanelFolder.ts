import { Effect, Option } from "effect"
import { existsSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

/** The project is found from where this runs, a bundle or its source, whatever the working directory is. */
const projectOf = (folder: string): string | null =>
  existsSync(join(folder, "package.json")) ? folder : dirname(folder) === folder ? null : projectOf(dirname(folder))

/** Where the panel's export lies: where the setting says, or in `dist/panel` of the project. */
export const panelFolder = (setting: Option.Option<string>): Effect.Effect<string> =>
  Effect.sync(() =>
    resolve(
      Option.getOrElse(setting, () => join(projectOf(dirname(fileURLToPath(import.meta.url))) ?? ".", "dist", "panel"))
    )
  )
