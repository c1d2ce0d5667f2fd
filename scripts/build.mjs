// @ts-check
/** `npm run build`: bundles src/main.ts into dist/. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
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
    // CommonJS dependencies call `require` for Node's own modules.
    banner: {
      js:
        "import { createRequire as __createRequire } from \"node:module\"; const require = __createRequire(import.meta.url);"
    },
    logLevel: "warning"
  })
  const made = new Set(Object.keys(metafile.outputs).map(inProject))
  const chunks = join(inProject(outdir), "chunks")
  for (const chunk of existsSync(chunks) ? readdirSync(chunks).map((name) => join(chunks, name)) : []) {
    if (!made.has(chunk) && Date.now() - statSync(chunk).mtimeMs > keepChunksFor) rmSync(chunk)
  }
  return join(inProject(outdir), "main.js")
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureInstalled()
  const built = sources()
  rmSync(inProject(builtStamp), { force: true })
  try {
    await build()
    writeFileSync(inProject(builtStamp), built)
  } catch (error) {
    // esbuild has printed its own errors
    if (!(error instanceof Error && "errors" in error)) throw error
    process.exitCode = 1
  }
}
