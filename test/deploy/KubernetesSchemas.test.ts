import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { notRun } from "../../scripts/not-run.mjs"
import { inProject } from "../../scripts/setup.mjs"
import { canRender, type KubernetesObject, render } from "./Manifests.ts"

const require = createRequire(import.meta.url)

/** The generated models: Kubernetes' own OpenAPI document, and the prometheus-operator's definitions. */
const moduleOf = ({ apiVersion, kind }: KubernetesObject): string =>
  apiVersion.startsWith("monitoring.coreos.com/")
    ? `@kubernetes-models/prometheus-operator/${apiVersion}/${kind}`
    : `kubernetes-models/${apiVersion}/${kind}`

interface Model {
  readonly validate: () => void
}

/** Types, enumerations, patterns and what must be there; it takes what it does not know. */
const complaintOf = (object: KubernetesObject): string | null => {
  const { [object.kind]: Model } = require(moduleOf(object)) as Record<string, new(data: unknown) => Model>
  try {
    new Model!(object).validate()
    return null
  } catch (error) {
    return `${object.kind} ${object.metadata.name}: ${(error as Error).message}`
  }
}

/** What is known and nothing else: the compiler's check of what a literal has too much of. */
const misspelt = (objects: ReadonlyArray<KubernetesObject>): string => {
  mkdirSync(inProject(".cache"), { recursive: true })
  const folder = mkdtempSync(join(inProject(".cache"), "manifests-"))
  try {
    const kinds = Array.from(new Map(objects.map((_) => [moduleOf(_), _])).values())
    const alias = (object: KubernetesObject) =>
      `${object.kind}${kinds.findIndex((_) => moduleOf(_) === moduleOf(object))}`
    writeFileSync(
      join(folder, "manifests.ts"),
      [
        ...kinds.map((_) => `import type { I${_.kind} as ${alias(_)} } from "${moduleOf(_)}"`),
        ...objects.map((_, index) => `export const x${index}: ${alias(_)} = ${JSON.stringify(_)}`)
      ].join("\n")
    )
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          target: "es2022",
          module: "esnext",
          moduleResolution: "bundler",
          strict: true,
          skipLibCheck: true,
          noEmit: true,
          types: []
        },
        files: ["manifests.ts"]
      })
    )
    const { stdout } = spawnSync(inProject("node_modules/.bin/tsc"), ["-p", folder, "--pretty", "false"], {
      encoding: "utf8"
    })
    return stdout
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const runs = canRender()
if (!runs) notRun("the Kubernetes manifests", "install kubectl 1.25 or newer (https://kubernetes.io/docs/tasks/tools)")

describe.runIf(runs)("every object of deploy/kubernetes", () => {
  for (const overlay of ["base", "overlays/development", "overlays/production"]) {
    it(`is what its schema says: ${overlay}`, { timeout: 120_000 }, () => {
      const objects = render(overlay)
      assert.deepStrictEqual(objects.map(complaintOf).filter((_) => _ !== null), [])
      assert.strictEqual(misspelt(objects), "")
    })
  }

  it("would be found out", { timeout: 120_000 }, () => {
    const deployment = render("base").find((_) => _.kind === "Deployment")
    assert.include(
      complaintOf({ ...deployment!, spec: { ...deployment!.spec, selector: undefined } }) ?? "",
      "selector"
    )
    assert.include(complaintOf({ ...deployment!, spec: { ...deployment!.spec, replicas: "2" } }) ?? "", "replicas")
    assert.match(
      misspelt([{ ...deployment!, spec: { ...deployment!.spec, replica: 2 } }]),
      /\breplica\b.*does not exist/
    )
  })
})
