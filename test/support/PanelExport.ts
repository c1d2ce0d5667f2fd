import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { type IncomingHttpHeaders, request } from "node:http"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { exportPanel } from "../../scripts/panel-export.mjs"
import { within } from "./HttpConnection.ts"

export const inlineScript = "document.documentElement.dataset.theme = \"dark\""

const page = (title: string, build: string) =>
  `<!DOCTYPE html><html lang="en"><head><title>${title}</title><script>${inlineScript}</script>` +
  `<script src="/_next/static/chunks/${build}.js" async=""></script></head>` +
  `<body>${
    `<p>${title} of ${build}</p>`.repeat(20)
  }<script id="data" type="application/json">{"a":1}</script></body></html>`

/** What `next build` writes, much smaller. `build` is in every page, and is the name of a script that changes with it. */
export const outOf = (build: string): Readonly<Record<string, string>> => ({
  "index.html": page("Live", build),
  "index.txt": `1:"live ${build}"\n`.repeat(30),
  "operator.html": page("Operator", build),
  "operator.txt": `1:"operator ${build}"\n`.repeat(30),
  "operator/__next._tree.txt": "{}",
  "404.html": page("Not found", build),
  "_not-found.html": page("Not found", build),
  "favicon.ico": "\0\0\u0001",
  [`_next/static/chunks/${build}.js`]: `self.build = "${build}";`.repeat(50),
  "_next/static/chunks/[id]-1.js": "self.id = 1;".repeat(50),
  "_next/static/media/font.woff2": "wOF2".repeat(50)
})

export interface PanelFolder {
  /** Where it is served from; empty until the first build. */
  readonly folder: string
  readonly build: (build: string) => Promise<void>
  readonly remove: () => void
}

export const writeFiles = (folder: string, files: Readonly<Record<string, string>>): void => {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
}

export const panelFolder = (): PanelFolder => {
  const root = mkdtempSync(join(tmpdir(), "gateway-panel-"))
  const folder = join(root, "dist/panel")
  return {
    folder,
    build: async (build) => {
      const out = join(root, "out")
      rmSync(out, { recursive: true, force: true })
      writeFiles(out, outOf(build))
      await exportPanel({ from: out, to: folder, stamp: build })
    },
    remove: () => rmSync(root, { recursive: true, force: true })
  }
}

export interface RawAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly text: string
}

/** As a browser that goes to an address. */
export const navigation = { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" }

/** The path goes out as it is written here. */
export const ask = (
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = "GET"
): Promise<RawAnswer> =>
  within(
    new Promise((resolve, reject) => {
      const sending = request({ agent: false, host: "127.0.0.1", port, method, path, headers }, (message) => {
        const chunks: Array<Buffer> = []
        message.on("data", (chunk: Buffer) => chunks.push(chunk))
        message.on("error", reject)
        message.on("end", () => {
          const body = Buffer.concat(chunks)
          resolve({ status: message.statusCode!, headers: message.headers, body, text: body.toString("utf8") })
        })
      })
      sending.on("error", reject).end()
    }),
    `an answer to ${method} ${path}`
  )
