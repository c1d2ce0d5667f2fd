// @ts-check
/**
 * `npm run sbom`: what the image is made of, as CycloneDX, into dist/sbom.cdx.json. The bundles hold their packages without
 * saying so, and a scanner that looks for node_modules would find one of them.
 *
 * It is npm's own list, without what the lockfile calls development's. (`npm sbom --omit=dev` of npm 11 also leaves out what
 * a package of development needs as well, and that is `effect`.) The time and the number of the document are left out, so
 * that it changes with the lockfile alone.
 */
import { spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { inProject, root } from "./setup.mjs"

export const sbomFile = "dist/sbom.cdx.json"

/**
 * @typedef {object} Component
 * @property {string} bom-ref
 * @property {string} name
 * @property {string} version
 * @property {string} purl
 */

/** @typedef {{ components: ReadonlyArray<Component>, dependencies: ReadonlyArray<{ ref: string, dependsOn: ReadonlyArray<string> }> }} Sbom */

/** @returns {Sbom} */
export const sbom = () => {
  const { status, stdout, stderr } = spawnSync(
    "npm",
    ["sbom", "--sbom-format=cyclonedx", "--sbom-type=application"],
    { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 }
  )
  if (status !== 0) throw new Error(`npm sbom failed:\n${stderr}`)
  const { serialNumber: _, ...document } = JSON.parse(stdout)
  delete document.metadata.timestamp
  // npm takes the name of the folder
  document.metadata.component.name = "payment-gateway"
  /** @type {Record<string, { name?: string, version?: string, dev?: boolean }>} */
  const locked = JSON.parse(readFileSync(inProject("package-lock.json"), "utf8")).packages
  const runs = new Set(
    Object.entries(locked)
      .filter(([, { dev }]) => dev !== true)
      .map(([path, { name, version }]) => `${name ?? path.split("node_modules/").at(-1)}@${version}`)
  )
  /** @param {Component} component */
  const isDevelopments = ({ name, version }) => !runs.has(`${name}@${version}`)
  /** @type {ReadonlyArray<Component>} */
  const components = document.components.filter((/** @type {Component} */ component) => !isDevelopments(component))
  const kept = new Set([document.metadata.component["bom-ref"], ...components.map((component) => component["bom-ref"])])
  return {
    ...document,
    components,
    dependencies: document.dependencies
      .filter((/** @type {Sbom["dependencies"][number]} */ { ref }) => kept.has(ref))
      .map((/** @type {Sbom["dependencies"][number]} */ { ref, dependsOn }) => ({
        ref,
        dependsOn: dependsOn.filter((one) => kept.has(one))
      }))
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const document = sbom()
  mkdirSync(inProject("dist"), { recursive: true })
  writeFileSync(inProject(sbomFile), `${JSON.stringify(document, null, 2)}\n`)
  console.error(`${sbomFile}: ${document.components.length} packages`)
}
