// @ts-check
/** `npm run build`: bundles src/main.ts, src/client.ts and src/cli.ts into dist/. */
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { builtStamp, ensureInstalled, inProject, root, sources } from "./setup.mjs"

/** A gateway that runs while this builds may still load a chunk of the build before. */
const keepChunksFor = 24 * 60 * 60 * 1000

/**
 * esbuild keeps a module in the chunk of every entry point that reaches it, used or not, and the platform's index reaches
 * 3.3 MB of documentation page: whoever wants that imports it by its own path.
 *
 * @type {import("esbuild").Plugin}
 */
const withoutDocumentation = {
  name: "without-documentation",
  setup: ({ onLoad }) => {
    onLoad({ filter: /@effect\/platform\/dist\/esm\/index\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace(/^export \* as HttpApi(Scalar|Swagger) .*$/gm, "")
    }))
  }
}

// CommonJS dependencies call `require` for Node's own modules.
const requireBanner =
  "import { createRequire as __createRequire } from \"node:module\"; const require = __createRequire(import.meta.url);"

/**
 * Bundles an entry point; what it loads with `import()` becomes chunks beside it. Nothing is minified: it does not load
 * measurably faster, and stack traces stay readable without the map.
 *
 * @param {object} [options]
 * @param {string} [options.entry] relative to the project
 * @param {string} [options.outdir] relative to the project and inside it, so that `better-sqlite3` is found from there
 * @returns {Promise<string>} the path of the bundle
 */
export const build = async ({ entry = "src/main.ts", outdir = "dist" } = {}) => {
  const esbuild = await import("esbuild")
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: { main: entry },
    outdir,
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    external: ["better-sqlite3"],
    plugins: [withoutDocumentation],
    banner: { js: requireBanner },
    logLevel: "warning"
  })
  const made = new Set(Object.keys(metafile.outputs).map(inProject))
  const chunks = join(inProject(outdir), "chunks")
  for (const chunk of existsSync(chunks) ? readdirSync(chunks).map((name) => join(chunks, name)) : []) {
    if (!made.has(chunk) && Date.now() - statSync(chunk).mtimeMs > keepChunksFor) rmSync(chunk)
  }
  return join(inProject(outdir), "main.js")
}

/**
 * Bundles the client, apart from the gateway: of two entry points in one build each would load what only the other uses.
 * It runs wherever there is `fetch`; `effect` is left outside, so that it is the caller's own.
 *
 * @param {object} [options]
 * @param {string} [options.outdir] relative to the project
 * @returns {Promise<string>} the path of the bundle
 */
export const buildClient = async ({ outdir = "dist" } = {}) => {
  const esbuild = await import("esbuild")
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: { client: "src/client.ts" },
    outdir,
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2022",
    sourcemap: true,
    sourcesContent: false,
    external: ["effect"],
    plugins: [withoutDocumentation],
    logLevel: "warning"
  })
  return join(inProject(outdir), "client.js")
}

/**
 * Bundles the command line into one file.
 *
 * @param {object} [options]
 * @param {string} [options.outdir] relative to the project
 * @returns {Promise<string>} the path of the bundle
 */
export const buildCli = async ({ outdir = "dist" } = {}) => {
  const esbuild = await import("esbuild")
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: { cli: "src/cli.ts" },
    outdir,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: true,
    sourcesContent: false,
    plugins: [withoutDocumentation],
    banner: { js: requireBanner },
    logLevel: "warning"
  })
  const file = join(inProject(outdir), "cli.js")
  chmodSync(file, 0o755)
  return file
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureInstalled()
  const built = sources()
  rmSync(inProject(builtStamp), { force: true })
  try {
    await Promise.all([build(), buildClient(), buildCli()])
    writeFileSync(inProject(builtStamp), built)
  } catch (error) {
    // esbuild has printed its own errors
    if (!(error instanceof Error && "errors" in error)) throw error
    process.exitCode = 1
  }
}
