import { spawnSync } from "node:child_process"
import { parseAllDocuments } from "yaml"
import { inProject } from "../../scripts/setup.mjs"

// What is read here is what the tests hold it to; the schemas of kubernetes-models judge the rest.

export type Labels = Readonly<Record<string, string>>

export interface EnvVar {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string; readonly key: string } }
}

export interface Container {
  readonly name: string
  readonly image: string
  readonly imagePullPolicy?: string
  readonly args?: ReadonlyArray<string>
  readonly env?: ReadonlyArray<EnvVar>
  readonly envFrom?: ReadonlyArray<{ readonly configMapRef?: { readonly name: string } }>
  readonly ports?: ReadonlyArray<{ readonly name: string; readonly containerPort: number }>
  readonly lifecycle?: { readonly preStop?: { readonly sleep?: { readonly seconds: number } } }
  readonly livenessProbe?: Probe
  readonly readinessProbe?: Probe
  readonly startupProbe?: Probe
  readonly resources?: {
    readonly requests?: { readonly cpu?: string; readonly memory?: string }
    readonly limits?: { readonly memory?: string }
  }
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean
    readonly readOnlyRootFilesystem?: boolean
    readonly privileged?: boolean
    readonly capabilities?: { readonly drop?: ReadonlyArray<string>; readonly add?: ReadonlyArray<string> }
  }
}

export interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string }
  readonly periodSeconds?: number
  readonly failureThreshold?: number
}

export interface PodSpec {
  readonly serviceAccountName?: string
  readonly automountServiceAccountToken?: boolean
  readonly enableServiceLinks?: boolean
  readonly hostNetwork?: boolean
  readonly terminationGracePeriodSeconds?: number
  readonly containers: ReadonlyArray<Container>
  readonly initContainers?: ReadonlyArray<Container>
  readonly volumes?: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly topologySpreadConstraints?: ReadonlyArray<{ readonly labelSelector: { readonly matchLabels: Labels } }>
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean
    readonly runAsUser?: number
    readonly seccompProfile?: { readonly type: string }
  }
}

export interface PodTemplate {
  readonly metadata: { readonly labels: Labels }
  readonly spec: PodSpec
}

export interface LabelSelector {
  readonly matchLabels?: Labels
  readonly matchExpressions?: ReadonlyArray<{
    readonly key: string
    readonly operator: string
    readonly values?: ReadonlyArray<string>
  }>
}

export interface Peer {
  readonly podSelector?: LabelSelector
  readonly namespaceSelector?: LabelSelector
  readonly ipBlock?: { readonly cidr: string }
}

interface PolicyPort {
  readonly protocol?: string
  readonly port?: number | string
}

export interface PolicySpec {
  readonly podSelector: LabelSelector
  readonly policyTypes: ReadonlyArray<string>
  readonly ingress?: ReadonlyArray<{ readonly from?: ReadonlyArray<Peer>; readonly ports?: ReadonlyArray<PolicyPort> }>
  readonly egress?: ReadonlyArray<{ readonly to?: ReadonlyArray<Peer>; readonly ports?: ReadonlyArray<PolicyPort> }>
}

export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Labels }
  readonly data?: Labels
  readonly automountServiceAccountToken?: boolean
  readonly spec?: any
}

/** `kubectl` can render kustomizations from 1.14; components and labels as they are used here, from 1.25 (kustomize 4.5.7). */
const versionOfKubectl = (): number | null => {
  const { status, stdout } = spawnSync("kubectl", ["version", "--client", "--output=json"], { encoding: "utf8" })
  if (status !== 0) return null
  const [, minor] = /"minor":\s*"(\d+)/.exec(stdout) ?? []
  return minor === undefined ? null : Number(minor)
}

export const canRender = (): boolean => (versionOfKubectl() ?? 0) >= 25

/** @param path below deploy/kubernetes */
export const render = (path: string): ReadonlyArray<KubernetesObject> => {
  const { status, stderr, stdout } = spawnSync("kubectl", ["kustomize", inProject(`deploy/kubernetes/${path}`)], {
    encoding: "utf8",
    maxBuffer: 16 * 1024 * 1024
  })
  if (status !== 0) throw new Error(stderr)
  return parseAllDocuments(stdout).map((document) => document.toJS() as KubernetesObject)
}

/** The pods that an object makes; null when it makes none. */
export const podTemplate = ({ kind, spec }: KubernetesObject): PodTemplate | null => {
  switch (kind) {
    case "Deployment":
    case "StatefulSet":
    case "Job":
      return spec.template
    case "CronJob":
      return spec.jobTemplate.spec.template
    default:
      return null
  }
}

export const selects = ({ matchExpressions = [], matchLabels = {} }: LabelSelector, labels: Labels): boolean =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every(({ key, operator, values = [] }) => {
    if (operator !== "In") throw new Error(`${operator} is not understood here`)
    return labels[key] !== undefined && values.includes(labels[key])
  })
