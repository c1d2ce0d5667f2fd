import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { notRun } from "../../scripts/not-run.mjs"
import { prometheusRule, ruleFile } from "../../scripts/prometheus-rule.mjs"
import { inProject } from "../../scripts/setup.mjs"
import { documentedVariables } from "../docs/ConfigurationPage.ts"
import {
  canRender,
  type Container,
  type KubernetesObject,
  type Labels,
  type Peer,
  podTemplate,
  type PolicySpec,
  render,
  selects
} from "./Manifests.ts"

const component = "app.kubernetes.io/component"
const roles = ["intake", "processor", "recorder", "panel"]
const overlays = ["overlays/development", "overlays/production"]

/** Of docs/architecture.md: what each role talks to; whoever is not here talks to nobody. */
const arrows: Readonly<Record<string, ReadonlyArray<string>>> = {
  intake: ["dns", "gateway-database", "log"],
  processor: ["dns", "log", "processor-database"],
  recorder: ["dns", "gateway-database", "log"],
  migrate: ["dns", "gateway-database", "processor-database"],
  audit: ["dns", "gateway-database", "processor-database"],
  panel: []
}

/** And who talks to it, at which port. */
const heard: Readonly<Record<string, ReadonlyArray<string>>> = {
  intake: ["clients http", "monitoring management"],
  processor: ["monitoring management"],
  recorder: ["monitoring management"],
  panel: ["clients http", "monitoring management"],
  migrate: [],
  audit: []
}

/** What each role is told, and nothing else. */
const secrets: Readonly<Record<string, ReadonlyArray<string>>> = {
  intake: ["CARD_KEYS", "DATABASE_URL", "OPERATOR_SECRET", "SECRET_PEPPER"],
  processor: ["CARD_KEYS", "PROCESSOR_DATABASE_URL"],
  recorder: ["DATABASE_URL"],
  panel: [],
  migrate: ["DATABASE_URL", "PROCESSOR_DATABASE_URL"],
  audit: ["DATABASE_URL", "PROCESSOR_DATABASE_URL"]
}

const named = (object: KubernetesObject) => `${object.kind} ${object.metadata.name}`

const find = (objects: ReadonlyArray<KubernetesObject>, kind: string, name: string): KubernetesObject => {
  const found = objects.find((_) => _.kind === kind && _.metadata.name === name)
  assert.isDefined(found, `${kind} ${name}`)
  return found!
}

const podsOf = (objects: ReadonlyArray<KubernetesObject>) =>
  objects.flatMap((object) => {
    const template = podTemplate(object)
    return template === null ? [] : [{ object, name: named(object), ...template }]
  })

/** Those of the gateway, by the role; not the development servers. */
const gatewayPods = (objects: ReadonlyArray<KubernetesObject>) =>
  podsOf(objects).filter(({ metadata }) => metadata.labels["app.kubernetes.io/name"] === "payment-gateway")

const roleOf = (labels: Labels) => labels[component]!

const the = <A>(all: ReadonlyArray<A>, what: string): A => {
  assert.lengthOf(all, 1, what)
  return all[0]!
}

const onlyContainer = ({ spec, name }: ReturnType<typeof podsOf>[number]): Container => the(spec.containers, name)

/** A peer by what it is. */
const peerName = (policy: string, peer: Peer): string => {
  const namespace = peer.namespaceSelector?.matchLabels?.["kubernetes.io/metadata.name"]
  if (namespace === "monitoring") return "monitoring"
  if (namespace === "kube-system") return "dns"
  if (namespace === "ingress-nginx" || peer.podSelector?.matchLabels?.["payment-gateway/client"] === "true") {
    return "clients"
  }
  const server = peer.podSelector?.matchLabels?.[component]
  const isServer = policy === "log"
    ? server === "kafka" || namespace === "kafka"
    : policy.endsWith("-database") && (server === "mysql" || peer.ipBlock !== undefined)
  assert.isTrue(isServer, `${policy} lets through ${JSON.stringify(peer)}`)
  return policy
}

const runs = canRender()
if (!runs) notRun("the Kubernetes manifests", "install kubectl 1.25 or newer (https://kubernetes.io/docs/tasks/tools)")

describe.runIf(runs)("deploy/kubernetes", () => {
  it("renders base alone", () => {
    assert.isAbove(render("base").length, 20)
  })

  it("has no secret, and no file that none of the kustomizations reads", () => {
    const folder = inProject("deploy/kubernetes")
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((_) => _.endsWith(".yaml"))
    const read = new Set(
      files.filter((_) => _.endsWith("kustomization.yaml")).flatMap((file) =>
        Array.from(
          readFileSync(join(folder, file), "utf8").matchAll(/[\w-]+\.yaml/g),
          ([name]) => join(file, "..", name)
        )
      )
    )
    for (const file of files.filter((_) => !_.endsWith("kustomization.yaml"))) assert.isTrue(read.has(file), file)
    for (const overlay of overlays) assert.notInclude(render(overlay).map((_) => _.kind), "Secret")
  })

  it("has the rules of deploy/prometheus (node scripts/prometheus-rule.mjs)", () => {
    assert.strictEqual(readFileSync(inProject(ruleFile), "utf8"), prometheusRule())
  })

  for (const overlay of overlays) {
    describe(overlay, () => {
      const objects = runs ? render(overlay) : []
      const pods = gatewayPods(objects)

      it("is in one namespace, whose pods are restricted", () => {
        const namespace = the(objects.filter((_) => _.kind === "Namespace"), "namespaces")
        assert.strictEqual(namespace.metadata.labels?.["pod-security.kubernetes.io/enforce"], "restricted")
        for (const object of objects.filter((_) => _ !== namespace)) {
          assert.strictEqual(object.metadata.namespace, namespace.metadata.name, named(object))
        }
      })

      it("has every role, with the role as the argument", () => {
        assert.sameMembers(pods.map(({ metadata }) => roleOf(metadata.labels)), Object.keys(arrows))
        for (const pod of pods) {
          assert.deepStrictEqual(onlyContainer(pod).args, [roleOf(pod.metadata.labels)])
          assert.match(onlyContainer(pod).image, /payment-gateway:/)
        }
        assert.sameMembers(
          objects.filter((_) => _.kind === "Deployment").map((_) => _.metadata.name),
          roles
        )
      })

      it("names each image by a version, and pulls it once", () => {
        for (const pod of podsOf(objects)) {
          const { image, imagePullPolicy } = onlyContainer(pod)
          assert.match(image, /^[\w./-]+:(?!latest$)[\w.-]+$/, pod.name)
          assert.strictEqual(imagePullPolicy, "IfNotPresent", pod.name)
        }
      })

      it("runs as nobody in particular, on a file system that cannot be written, without any capability", () => {
        for (const pod of podsOf(objects)) {
          const { securityContext } = pod.spec
          assert.strictEqual(securityContext?.runAsNonRoot, true, pod.name)
          assert.isAbove(securityContext?.runAsUser ?? 0, 0, pod.name)
          assert.deepStrictEqual(securityContext?.seccompProfile, { type: "RuntimeDefault" }, pod.name)
          assert.isUndefined(pod.spec.hostNetwork, pod.name)
          assert.isUndefined(pod.spec.initContainers, pod.name)
          assert.deepStrictEqual(onlyContainer(pod).securityContext, {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] }
          }, pod.name)
        }
        for (const pod of pods) assert.isUndefined(pod.spec.volumes, `${pod.name} writes nothing`)
      })

      it("has an account without a token for each, and no variables of Services", () => {
        for (const pod of podsOf(objects)) {
          assert.strictEqual(pod.spec.automountServiceAccountToken, false, pod.name)
          assert.strictEqual(pod.spec.enableServiceLinks, false, pod.name)
          const account = find(objects, "ServiceAccount", pod.spec.serviceAccountName ?? "default")
          assert.strictEqual(account.automountServiceAccountToken, false, pod.name)
        }
      })

      it("asks for what it needs, and is held to a limit of memory", () => {
        for (const pod of podsOf(objects)) {
          const { limits, requests } = onlyContainer(pod).resources ?? {}
          assert.match(requests?.cpu ?? "", /^\d+m$/, pod.name)
          assert.match(requests?.memory ?? "", /^\d+Mi$/, pod.name)
          assert.match(limits?.memory ?? "", /^\d+[MG]i$/, pod.name)
        }
      })

      it("probes what needs nothing outside, on the port that no client reaches", () => {
        for (const pod of pods.filter(({ object }) => object.kind === "Deployment")) {
          const { livenessProbe, ports = [], readinessProbe, startupProbe } = onlyContainer(pod)
          const at = (path: string) => ({ path, port: "management" })
          assert.deepStrictEqual(
            [startupProbe?.httpGet, readinessProbe?.httpGet, livenessProbe?.httpGet],
            [at("/livez"), at("/readyz"), at("/livez")],
            pod.name
          )
          const number = (name: string) => ports.find((_) => _.name === name)?.containerPort
          assert.strictEqual(`${number("management")}`, documented("MANAGEMENT_PORT"), pod.name)
          if (number("http") !== undefined) assert.strictEqual(`${number("http")}`, documented("PORT"), pod.name)
          // who is sent requests goes on for a moment when it is told to end, then has time to answer
          if (number("http") !== undefined) {
            assert.isAtLeast(onlyContainer(pod).lifecycle?.preStop?.sleep?.seconds ?? 0, 2)
          }
          const grace = Number(documented("SHUTDOWN_GRACE_MS")) / 1000
          assert.isAbove(pod.spec.terminationGracePeriodSeconds ?? 0, 2 * grace + 2, pod.name)
        }
      })

      it("rolls one after the other, spreads, and survives the draining of a node", () => {
        for (const role of roles) {
          const deployment = find(objects, "Deployment", role)
          assert.deepStrictEqual(deployment.spec.strategy.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 })
          const { labels } = podTemplate(deployment)!.metadata
          const budget = find(objects, "PodDisruptionBudget", role)
          assert.strictEqual(budget.spec.maxUnavailable, 1)
          assert.deepStrictEqual(budget.spec.selector, deployment.spec.selector)
          assert.isTrue(selects(deployment.spec.selector, labels), role)
          const spread = podTemplate(deployment)!.spec.topologySpreadConstraints ?? []
          assert.lengthOf(spread, 2)
          for (const { labelSelector } of spread) assert.isTrue(selects(labelSelector, labels), role)
          // others' pods are not this one's
          for (const pod of podsOf(objects).filter(({ object }) => object !== deployment)) {
            assert.isFalse(selects(deployment.spec.selector, pod.metadata.labels), `${role} selects ${pod.name}`)
          }
        }
      })

      it("has replicas where nothing else says how many", () => {
        const scaled = objects.filter((_) => _.kind === "HorizontalPodAutoscaler")
        assert.deepStrictEqual(scaled.map((_) => _.spec.scaleTargetRef), [
          { apiVersion: "apps/v1", kind: "Deployment", name: "intake" }
        ])
        assert.isAtLeast(scaled[0]!.spec.minReplicas, 2)
        for (const role of roles) {
          const { replicas } = find(objects, "Deployment", role).spec
          if (role === "intake") assert.isUndefined(replicas)
          else assert.isAtLeast(replicas, 2, role)
        }
      })

      it("sets only what the gateway reads, and gives each role the secrets of its own", () => {
        const known = new Set(documentedVariables().map(({ name }) => name))
        const isSecret = new Set(Object.values(secrets).flat())
        for (const pod of pods) {
          const { env = [], envFrom = [] } = onlyContainer(pod)
          const map = find(objects, "ConfigMap", the(envFrom, pod.name).configMapRef!.name)
          for (const name of [...env.map((_) => _.name), ...Object.keys(map.data ?? {})]) {
            assert.isTrue(known.has(name), `${pod.name} sets ${name}`)
          }
          for (const name of Object.keys(map.data ?? {})) assert.isFalse(isSecret.has(name), name)
          assert.sameMembers(env.map((_) => _.name), [...secrets[roleOf(pod.metadata.labels)]!], pod.name)
          for (const { name, valueFrom } of env) assert.strictEqual(valueFrom?.secretKeyRef?.key, name, pod.name)
        }
      })

      it("sends each Service's requests to pods that have the port", () => {
        for (const service of objects.filter((_) => _.kind === "Service")) {
          const selected = podsOf(objects).filter(({ metadata }) =>
            selects({ matchLabels: service.spec.selector }, metadata.labels)
          )
          const pod = the(selected, named(service))
          for (const { targetPort } of service.spec.ports) {
            assert.include((onlyContainer(pod).ports ?? []).map((_) => _.name), targetPort, named(service))
          }
        }
      })

      it("gives the API and the panel one origin", () => {
        const rule = the(
          find(objects, "Ingress", "gateway").spec.rules as ReadonlyArray<{ http: { paths: unknown } }>,
          "rules"
        )
        const to = (name: string) => ({ service: { name, port: { name: "http" } } })
        assert.deepStrictEqual(rule.http.paths, [
          { path: "/v1", pathType: "Prefix", backend: to("intake") },
          { path: "/docs", pathType: "Prefix", backend: to("intake") },
          { path: "/openapi.json", pathType: "Exact", backend: to("intake") },
          { path: "/", pathType: "Prefix", backend: to("panel") }
        ])
      })

      it("lets through the arrows of the architecture, and nothing else", () => {
        const policies = objects.filter((_) => _.kind === "NetworkPolicy")
        assert.deepStrictEqual(find(policies, "NetworkPolicy", "default-deny").spec, {
          podSelector: {},
          policyTypes: ["Ingress", "Egress"]
        })
        const ports: Readonly<Record<string, ReadonlyArray<number | string>>> = {
          dns: [53, 53],
          log: [9092],
          "gateway-database": [3306],
          "processor-database": [3306]
        }
        for (const role of Object.keys(arrows)) {
          const { labels } = pods.find(({ metadata }) => roleOf(metadata.labels) === role)!.metadata
          const mine = policies.filter(({ metadata, spec }) =>
            metadata.name !== "default-deny" && selects(spec.podSelector, labels)
          )
          const out = mine.flatMap(({ metadata, spec }) =>
            ((spec as PolicySpec).egress ?? []).map((rule) => {
              assert.isNotEmpty(rule.to ?? [], `${metadata.name} says where`)
              const target = the(
                Array.from(new Set(rule.to!.map((peer) => peerName(metadata.name, peer)))),
                metadata.name
              )
              assert.deepStrictEqual((rule.ports ?? []).map((_) => _.port!), [...ports[target]!], metadata.name)
              return target
            })
          )
          assert.deepStrictEqual(out.toSorted(), arrows[role], `${role} talks to`)
          const into = mine.flatMap(({ metadata, spec }) =>
            ((spec as PolicySpec).ingress ?? []).map((rule) => {
              const source = the(
                Array.from(new Set((rule.from ?? []).map((peer) => peerName(metadata.name, peer)))),
                metadata.name
              )
              return `${source} ${the(rule.ports ?? [], metadata.name).port}`
            })
          )
          assert.deepStrictEqual(into.toSorted(), heard[role], `${role} hears`)
        }
      })
    })
  }

  it("keeps the two databases apart in production", () => {
    const objects = runs ? render("overlays/production") : []
    const cidr = (name: string) => find(objects, "NetworkPolicy", name).spec.egress[0].to[0].ipBlock.cidr
    assert.notStrictEqual(cidr("gateway-database"), cidr("processor-database"))
    const { data } = find(objects, "ConfigMap", objects.find((_) => _.kind === "ConfigMap")!.metadata.name)
    assert.strictEqual(data?.["KAFKA_REPLICATION"], "3")
    assert.strictEqual(data?.["MYSQL_SSL"], "true")
  })
})

const documented = (name: string) => documentedVariables().find((_) => _.name === name)?.byDefault
