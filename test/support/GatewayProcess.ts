import {
  Cause,
  ConfigProvider,
  Context,
  Effect,
  Exit,
  Layer,
  Logger,
  LogLevel,
  Option,
  RuntimeFlags,
  Scope
} from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { type AddressInfo, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { AesCardVault } from "../../src/layers/AesCardVault.ts"
import { AesSessionSeal } from "../../src/layers/AesSessionSeal.ts"
import { Daemons } from "../../src/layers/Daemons.ts"
import { HmacDigests } from "../../src/layers/HmacDigests.ts"
import { ApiAddress, HttpIntake } from "../../src/layers/http/HttpIntake.ts"
import { Management } from "../../src/layers/http/Management.ts"
import { JsonPresenter } from "../../src/layers/JsonPresenter.ts"
import { EmbeddedKeys } from "../../src/layers/Keys.ts"
import { Lifecycle } from "../../src/layers/Lifecycle.ts"
import { LogRetention } from "../../src/layers/LogRetention.ts"
import { OtlpTracing } from "../../src/layers/OtlpTracing.ts"
import { Processor } from "../../src/layers/Processor.ts"
import { EmbeddedProfile } from "../../src/layers/ProfileLayers.ts"
import { MetricsRegistry, PrometheusMetrics } from "../../src/layers/PrometheusMetrics.ts"
import { Recorder } from "../../src/layers/Recorder.ts"
import { UseCaseSettings } from "../../src/layers/Settings.ts"
import { SimulatedLog } from "../../src/layers/SimulatedLog.ts"
import { gatewaySchema } from "../../src/layers/sql/GatewaySchema.ts"
import { migrated } from "../../src/layers/sql/Migrations.ts"
import { processorSchema } from "../../src/layers/sql/ProcessorSchema.ts"
import { SqlAccountRepository } from "../../src/layers/sql/SqlAccountRepository.ts"
import { SqlSubmissionRepository } from "../../src/layers/sql/SqlSubmissionRepository.ts"
import { SqlTransactionRepository } from "../../src/layers/sql/SqlTransactionRepository.ts"
import { LockedDataDir } from "../../src/layers/sqlite/DataDir.ts"
import { sqliteDatabase } from "../../src/layers/sqlite/SqliteDatabase.ts"
import { SqliteLog } from "../../src/layers/sqlite/SqliteLog.ts"
import { SystemRandomness } from "../../src/layers/SystemRandomness.ts"
import { IntakeUseCases, ProcessorUseCases, RecorderUseCases } from "../../src/layers/UseCases.ts"
import { AccountRepository } from "../../src/services/AccountRepository.ts"
import { StorageUnavailable } from "../../src/services/Failure.ts"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { TransactionRepository } from "../../src/services/TransactionRepository.ts"

/** What the error of a repository that is made to fail says: no client may read it. */
export const faultMessage = "a fault that the test made"

/** What a test can do to a gateway that a client cannot. */
export interface GatewayControls {
  /** `down`: the gateway's database cannot be asked; `unheard`: its answers are lost; `broken`: asking is a defect. */
  storage: "up" | "down" | "unheard" | "broken"
  /** How often an account's credentials were read from the database. */
  credentialReads: number
  /** Submissions whose insert has begun and not ended. */
  inserting: number
  /** Until `release`, no submission is inserted. */
  readonly holdInserts: () => void
  /** Until `release`, the processor decides nothing. */
  readonly hold: () => void
  readonly release: () => void
}

export interface RunningGateway {
  readonly port: number
  readonly managementPort: number
  readonly dataDir: string
  readonly operatorSecret: string
  /** Every log entry, at every level, as text: its JSON and its causes as a person would read them. */
  readonly logged: ReadonlyArray<string>
  readonly controls: GatewayControls
  /** Why a daemon died, if one did. */
  readonly death: Effect.Effect<string | null>
}

export interface GatewayOptions {
  /** As the process's environment would have it. */
  readonly environment?: Readonly<Record<string, string>>
  /** The caller's own, which it keeps; otherwise a temporary one. */
  readonly dataDir?: string
}

const operatorSecret = "op_the-operator-of-this-test-0123456789"

const capturing = (logged: Array<string>) =>
  Layer.merge(
    Logger.replace(
      Logger.defaultLogger,
      Logger.make((entry) => {
        logged.push(
          `${JSON.stringify(Logger.structuredLogger.log(entry))}\n${
            Cause.isEmpty(entry.cause) ? "" : Cause.pretty(entry.cause, { renderErrorCause: true })
          }`
        )
      })
    ),
    Logger.minimumLogLevel(LogLevel.All)
  )

const Observation = OtlpTracing.pipe(
  Layer.provideMerge(PrometheusMetrics),
  Layer.provideMerge(MetricsRegistry.Live),
  Layer.provideMerge(SystemRandomness)
)
const Cryptography = Layer.mergeAll(AesCardVault, AesSessionSeal, HmacDigests).pipe(Layer.provideMerge(EmbeddedKeys))
const durably = { synchronous: "FULL" } as const

/** The port's own layer, with its value replaced on the way out. */
const altered = <I, S, E, R>(tag: Context.Tag<I, S>, layer: Layer.Layer<I, E, R>, alter: (service: S) => S) =>
  Layer.effect(tag, Effect.map(tag, alter)).pipe(Layer.provide(layer))

const makeControls = Effect.map(Effect.all([Effect.makeLatch(true), Effect.makeLatch(true)]), ([latch, inserts]) => {
  const controls: GatewayControls = {
    storage: "up",
    credentialReads: 0,
    inserting: 0,
    holdInserts: () => Effect.runSync(inserts.close),
    hold: () => Effect.runSync(latch.close),
    release: () => Effect.runSync(Effect.zipRight(inserts.open, latch.open))
  }
  const asked = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | StorageUnavailable, R> =>
    Effect.suspend((): Effect.Effect<A, E | StorageUnavailable, R> => {
      switch (controls.storage) {
        case "up":
          return effect
        case "down":
          return new StorageUnavailable({ cause: new Error(faultMessage) })
        case "unheard":
          return Effect.zipRight(effect, new StorageUnavailable({ cause: new Error(faultMessage) }))
        case "broken":
          return Effect.die(new Error(faultMessage))
      }
    })
  const inserting = <A, E, R>(insert: Effect.Effect<A, E, R>) =>
    Effect.acquireUseRelease(
      Effect.sync(() => controls.inserting++),
      () => inserts.whenOpen(insert),
      () => Effect.sync(() => controls.inserting--)
    )
  return { controls, latch, asked, inserting }
})

const gatewayLayer = ({ asked, controls, inserting, latch }: Effect.Effect.Success<typeof makeControls>) => {
  const accounts = altered(AccountRepository, SqlAccountRepository, (accounts) => ({
    ...accounts,
    insert: (account, secret) => asked(accounts.insert(account, secret)),
    findCredentials: (id) => {
      controls.credentialReads++
      return accounts.findCredentials(id)
    }
  }))
  const submissions = altered(SubmissionRepository, SqlSubmissionRepository, (submissions) => ({
    ...submissions,
    insert: (submission, claim) => inserting(asked(submissions.insert(submission, claim))),
    find: (id, scope) => asked(submissions.find(id, scope)),
    list: (page) => asked(submissions.list(page)),
    counts: asked(submissions.counts)
  }))
  const transactions = altered(TransactionRepository, SqlTransactionRepository, (transactions) => ({
    ...transactions,
    find: (ids) => latch.whenOpen(transactions.find(ids))
  }))

  return Layer.mergeAll(HttpIntake, Processor, Recorder, LogRetention).pipe(
    Layer.provide(Layer.mergeAll(IntakeUseCases, ProcessorUseCases, RecorderUseCases)),
    Layer.provide(Layer.mergeAll(
      Layer.merge(accounts, submissions).pipe(
        Layer.provide(migrated(gatewaySchema)),
        Layer.provide(sqliteDatabase("gateway", durably))
      ),
      transactions.pipe(Layer.provide(migrated(processorSchema)), Layer.provide(sqliteDatabase("processor", durably))),
      SimulatedLog.pipe(Layer.provide(SqliteLog), Layer.provide(sqliteDatabase("log", { synchronous: "NORMAL" }))),
      JsonPresenter
    )),
    Layer.provide(Cryptography),
    Layer.provide(EmbeddedProfile),
    Layer.provide(Management),
    Layer.provide(Layer.mergeAll(LockedDataDir, Observation)),
    Layer.provideMerge(Layer.merge(Daemons.Default, Lifecycle.Default))
  )
}

/** The management port is told nowhere, so it cannot be 0. */
const freePort = Effect.async<number>((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resume(Effect.succeed(port)))
  })
})

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "gateway-http-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** The whole gateway as src/main.ts composes it, on real ports and files, in this process. */
export const runGateway = Effect.fnUntraced(function*({ environment = {}, ...options }: GatewayOptions = {}) {
  const dataDir = options.dataDir ?? (yield* temporaryFolder)
  const managementPort = yield* freePort
  const made = yield* makeControls
  const logged: Array<string> = []
  const settings = {
    PORT: "0",
    MANAGEMENT_PORT: `${managementPort}`,
    DATA_DIR: dataDir,
    OPERATOR_SECRET: operatorSecret,
    // whatever has been built in this project
    PANEL_DIR: join(dataDir, "no-panel"),
    ...environment
  }
  const context = yield* gatewayLayer(made).pipe(
    Layer.provide(Layer.mergeAll(
      UseCaseSettings,
      capturing(logged),
      Layer.setTracerEnabled(false),
      RuntimeFlags.disableRuntimeMetrics
    )),
    Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(settings))))),
    Layer.build
  )
  yield* Context.get(context, Lifecycle).run
  const { death } = Context.get(context, Daemons)
  return {
    port: Context.get(context, ApiAddress).port,
    managementPort,
    dataDir,
    operatorSecret,
    logged,
    controls: made.controls,
    death: Effect.map(Effect.flip(death), (_) => _.message).pipe(
      Effect.timeoutOption(1),
      Effect.map(Option.getOrNull)
    )
  } satisfies RunningGateway
})

/** For plain promises: the gateway, and what ends its scope as a signal would. */
export const startGateway = async (options?: GatewayOptions) => {
  const scope = Effect.runSync(Scope.make())
  const running = await Effect.runPromise(Effect.orDie(Scope.extend(runGateway(options), scope)))
  return { running, close: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}
