import { execFileSync } from "node:child_process"
import { closeSync, existsSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from "node:fs"
import { join } from "node:path"
import { tell } from "./Watchdog.ts"

/** A folder on a file system of its own, which can be filled to the last byte. */
export interface SmallDisk {
  readonly fill: () => void
  readonly free: () => void
  readonly unmount: () => void
}

const mounted = new Set<string>()

const unmount = (folder: string) => {
  if (!mounted.delete(folder)) return
  tell("unmounted", folder)
  try {
    execFileSync("umount", ["--lazy", folder], { stdio: "ignore" })
  } catch {
    // the machine's end takes it away
  }
}

process.on("exit", () => {
  for (const folder of mounted) unmount(folder)
})

/** Null where this user may not mount: the full disk is left out then. */
export const mountSmall = (folder: string, bytes: number): SmallDisk | null => {
  mkdirSync(folder, { recursive: true })
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder], { stdio: "ignore" })
  } catch {
    return null
  }
  mounted.add(folder)
  tell("mounted", folder)
  const file = join(folder, "ballast")
  return {
    fill: () => {
      const chunk = Buffer.alloc(1_024 * 1_024, 1)
      const descriptor = openSync(file, "w")
      try {
        for (;;) {
          const { bavail, bsize } = statfsSync(folder)
          const left = bavail * bsize
          if (left === 0) break
          writeSync(descriptor, chunk, 0, Math.min(left, chunk.length))
        }
      } catch {
        // full
      } finally {
        closeSync(descriptor)
      }
    },
    free: () => {
      if (existsSync(file)) rmSync(file)
    },
    unmount: () => unmount(folder)
  }
}
