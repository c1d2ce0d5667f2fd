import { assert, describe, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import { parse } from "yaml"
import { inProject } from "../../scripts/setup.mjs"
import { documentedVariables } from "../docs/ConfigurationPage.ts"

interface Service {
  readonly image?: string
  readonly build?: unknown
  readonly user?: string
  readonly entrypoint?: ReadonlyArray<string>
  readonly command?: ReadonlyArray<string>
  readonly environment?: Readonly<Record<string, string>>
  readonly profiles?: ReadonlyArray<string>
  readonly networks?: ReadonlyArray<string> | Readonly<Record<string, unknown>>
  readonly network_mode?: string
  readonly ports?: ReadonlyArray<string>
  readonly volumes?: ReadonlyArray<string>
  readonly read_only?: boolean
  readonly privileged?: boolean
  readonly cap_drop?: ReadonlyArray<string>
  readonly cap_add?: ReadonlyArray<string>
  readonly security_opt?: ReadonlyArray<string>
  readonly mem_limit?: string
  readonly restart?: string
  readonly stop_grace_period?: string
  readonly deploy?: { readonly replicas?: number }
  readonly healthcheck?: { readonly test?: ReadonlyArray<string>; readonly disable?: boolean }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>
  readonly volumes: Readonly<Record<string, unknown>>
}

const text = (path: string) => readFileSync(inProject(path), "utf8")

const { networks, services, volumes } = parse(text("compose.yaml"), { merge: true }) as Compose
const all = Object.entries(services)
const ofGateway = all.filter(([, { image }]) => image?.includes("payment-gateway") === true)
const oneShot = new Set(["secrets", "migrate", "audit", "cli"])
/** The image's own HEALTHCHECK asks the management port. */
const running = ofGateway.filter(([name]) => !oneShot.has(name))

const dockerfile = text("Dockerfile")
/** Lines that go on are one. */
const instructions = dockerfile.replaceAll(/\\\n/g, " ").split("\n").filter((_) => /^[A-Z]+ /.test(_))
const stages = instructions.filter((_) => _.startsWith("FROM "))
const last = instructions.slice(instructions.lastIndexOf(stages.at(-1)!))

describe("compose.yaml", () => {
  it("runs every role", () => {
    const roles = ofGateway.flatMap(([, { command = [] }]) => command)
    for (const role of ["intake", "processor", "recorder", "panel", "migrate", "audit"]) assert.include(roles, role)
    const count = (role: string) =>
      ofGateway.filter(([, _]) => _.command?.[0] === role).reduce((sum, [, _]) => sum + (_.deploy?.replicas ?? 1), 0)
    assert.deepStrictEqual([count("intake"), count("processor"), count("recorder")], [2, 2, 1])
  })

  it("builds one image, once", () => {
    assert.lengthOf(new Set(ofGateway.map(([, { image }]) => image)), 1)
    assert.lengthOf(all.filter(([, { build }]) => build !== undefined), 1)
  })

  for (const [name, service] of all) {
    it(`holds ${name} to what it needs`, () => {
      assert.strictEqual(service.read_only, true)
      assert.deepStrictEqual(service.cap_drop, ["ALL"])
      assert.isUndefined(service.cap_add)
      assert.isUndefined(service.privileged)
      assert.deepStrictEqual(service.security_opt, ["no-new-privileges:true"])
      assert.match(service.mem_limit ?? "", /^\d+[mg]$/)
      if (!oneShot.has(name)) assert.strictEqual(service.restart, "unless-stopped")
      for (const port of service.ports ?? []) assert.match(port, /^127\.0\.0\.1:/)
      assert.match(service.image ?? "", /^[^:]+:(?!latest$).+$/)
      for (const volume of service.volumes ?? []) {
        const [from = ""] = volume.split(":")
        // those of Prometheus and Grafana come with their dashboards
        if (!from.startsWith("./")) assert.property(volumes, from)
        else if (!/^\.\/deploy\/(prometheus|alertmanager|grafana)/.test(from)) {
          assert.isTrue(existsSync(inProject(from)), from)
        }
        if (from.startsWith("./")) assert.match(volume, /:ro$/)
      }
    })
  }

  it("says of everything that goes on whether it is well", () => {
    for (const [name, { healthcheck }] of all) {
      if (oneShot.has(name)) assert.strictEqual(healthcheck?.disable, true, name)
      else if (running.some(([_]) => _ === name)) assert.isUndefined(healthcheck, `${name} has the image's`)
      else assert.isNotEmpty(healthcheck?.test ?? [], name)
    }
    assert.match(dockerfile, /HEALTHCHECK[^\n]*\\\n[^\n]*MANAGEMENT_PORT[^\n]*\/livez/)
  })

  it("waits for what each needs", () => {
    for (const name of ["intake", "intake-2", "processor", "recorder"]) {
      assert.strictEqual(services[name]!.depends_on?.["migrate"]?.condition, "service_completed_successfully")
    }
    assert.strictEqual(services["migrate"]!.depends_on?.["mysql"]?.condition, "service_healthy")
    assert.strictEqual(services["mysql"]!.depends_on?.["secrets"]?.condition, "service_completed_successfully")
  })

  it("gives each role the secrets of its own, and writes none down", () => {
    const secretsOf = (name: string) =>
      (services[name]!.volumes ?? []).map((_) => _.split(":")[0]).filter((_) => _?.startsWith("secrets") === true)
    assert.deepStrictEqual(
      ["intake", "intake-2", "processor", "recorder", "migrate", "audit", "panel", "cli"].map((
        _
      ) => [_, ...secretsOf(_)]),
      [
        ["intake", "secrets-intake"],
        ["intake-2", "secrets-intake"],
        ["processor", "secrets-processor"],
        ["recorder", "secrets-recorder"],
        ["migrate", "secrets-migrate"],
        ["audit", "secrets-migrate"],
        ["panel"],
        ["cli", "secrets-intake"]
      ]
    )
    const known = new Set(documentedVariables().map((_) => _.name))
    for (const [name, { environment = {} }] of ofGateway) {
      for (const variable of Object.keys(environment)) assert.isTrue(known.has(variable), `${name} sets ${variable}`)
    }
    assert.notMatch(text("compose.yaml"), /PASSWORD: |PEPPER|CARD_KEYS|mysql:\/\//)
    assert.deepStrictEqual(
      text(".env").split("\n").filter((_) => _ !== "" && !_.startsWith("#")),
      ["COMPOSE_PROFILES=dashboards"]
    )
  })

  it("lets nobody from outside reach Kafka, MySQL and the roles that speak with no client", () => {
    assert.strictEqual(networks["inside"]?.internal, true)
    for (const name of ["kafka", "mysql", "migrate", "processor", "recorder", "panel", "audit"]) {
      assert.deepStrictEqual(services[name]!.networks, ["inside"], name)
      assert.isUndefined(services[name]!.ports, name)
    }
  })

  it("leaves Grafana out where its profile is", () => {
    const withProfile = all.filter(([, { profiles }]) => profiles !== undefined).map((
      [name, _]
    ) => [name, ..._.profiles!])
    assert.deepStrictEqual(withProfile, [["grafana", "dashboards"], ["audit", "tools"], ["cli", "tools"]])
  })
})

describe("Dockerfile", () => {
  it("needs no front end from a registry", () => {
    assert.notMatch(dockerfile, /^#\s*syntax=/m)
    assert.notMatch(dockerfile, /<</)
    assert.notMatch(dockerfile, /--link/)
  })

  it("compiles against a Node that better-sqlite3 can be compiled against, and runs on that line's newest", () => {
    assert.deepStrictEqual(stages, ["FROM node:24.18.1-bookworm AS build", "FROM node:24-bookworm-slim"])
    assert.match(dockerfile, /npm_config_build_from_source=true/)
  })

  it("installs what the lockfile says, and runs as user 1000", () => {
    assert.match(dockerfile, /^RUN .*npm ci /m)
    assert.notMatch(dockerfile, /npm install/)
    assert.include(last, "USER 1000:1000")
    assert.isFalse(last.some((_) => /^(RUN|ADD) /.test(_)), "nothing is run in the last stage")
  })

  it("takes the role as its argument", () => {
    assert.include(last, "CMD [\"all\"]")
    const entrypoint = last.find((_) => _.startsWith("ENTRYPOINT "))!
    const args = JSON.parse(entrypoint.slice("ENTRYPOINT ".length)) as ReadonlyArray<string>
    assert.strictEqual(args[0], "node")
    assert.strictEqual(args.at(-1), "/app/dist/main.js")
    // a role of the stack differs by its file of secrets alone
    assert.deepStrictEqual(services["intake"]!.entrypoint?.filter((_) => !_.startsWith("--env-file=")), args)
  })

  it("lets only what it names into the build", () => {
    const [first, ...rest] = text(".dockerignore").split("\n").filter((_) => _ !== "" && !_.startsWith("#"))
    assert.strictEqual(first, "*")
    const allowed = rest.filter((_) => _.startsWith("!")).map((_) => _.slice(1))
    for (const path of allowed) assert.isTrue(existsSync(inProject(path)), path)
    const copied = instructions.filter((_) => _.startsWith("COPY ") && !_.includes("--from"))
      .flatMap((_) => _.split(" ").slice(1, -1))
      .map((_) => _.split("/")[0])
    for (const path of copied) assert.include(allowed, path)
    for (const path of [".git", ".env", "data", "test"]) assert.notInclude(allowed, path)
  })

  it("says which version it is", () => {
    const { version } = JSON.parse(text("package.json")) as { version: string }
    assert.include(last, `ARG VERSION=${version}`)
    assert.match(
      text("deploy/kubernetes/base/kustomization.yaml"),
      new RegExp(`newTag: ${version.replaceAll(".", "\\.")}\\b`)
    )
  })
})
