import { Effect, Layer, RuntimeFlags } from "effect"
import { AesCardVault } from "./layers/AesCardVault.ts"
import { DemoAccount } from "./layers/DemoAccount.ts"
import { EnvironmentFailpoints } from "./layers/EnvironmentFailpoints.ts"
import { HmacDigests } from "./layers/HmacDigests.ts"
import { HttpIntake } from "./layers/http/HttpIntake.ts"
import { Management } from "./layers/http/Management.ts"
import { JsonPresenter } from "./layers/JsonPresenter.ts"
import { EmbeddedKeys } from "./layers/Keys.ts"
import { launch, runRole } from "./layers/Launch.ts"
import { Logging } from "./layers/Logging.ts"
import { LogRetention } from "./layers/LogRetention.ts"
import { printAudit } from "./layers/PrintAudit.ts"
import { Processor } from "./layers/Processor.ts"
import { MetricsRegistry, PrometheusMetrics } from "./layers/PrometheusMetrics.ts"
import { Recorder } from "./layers/Recorder.ts"
import { EmbeddedProfile, needsServers } from "./layers/Roles.ts"
import { Environment, UseCaseSettings } from "./layers/Settings.ts"
import { gatewaySchema } from "./layers/sql/GatewaySchema.ts"
import { alreadyMigrated, migrated } from "./layers/sql/Migrations.ts"
import { processorSchema } from "./layers/sql/ProcessorSchema.ts"
import { SqlAccountRepository } from "./layers/sql/SqlAccountRepository.ts"
import { SqlSubmissionRepository } from "./layers/sql/SqlSubmissionRepository.ts"
import { SqlTransactionRepository } from "./layers/sql/SqlTransactionRepository.ts"
import { LockedDataDir, SharedDataDir } from "./layers/sqlite/DataDir.ts"
import { readOnlySqliteDatabase, sqliteDatabase } from "./layers/sqlite/SqliteDatabase.ts"
import { SqliteLog } from "./layers/sqlite/SqliteLog.ts"
import { SystemRandomness } from "./layers/SystemRandomness.ts"
import { Welcome } from "./layers/Welcome.ts"
import { Audit } from "./services/Audit.ts"
import { Authenticate } from "./services/Authenticate.ts"
import { AwaitDecision } from "./services/AwaitDecision.ts"
import { CompareDecisions } from "./services/CompareDecisions.ts"
import { CreateAccount } from "./services/CreateAccount.ts"
import { ProcessTransactions } from "./services/ProcessTransactions.ts"
import { RecordDecisions } from "./services/RecordDecisions.ts"
import { ResendOverdue } from "./services/ResendOverdue.ts"
import { SubmitTransaction } from "./services/SubmitTransaction.ts"

const Settings = Layer.mergeAll(
  UseCaseSettings,
  EnvironmentFailpoints,
  Logging,
  Layer.setTracerEnabled(false),
  RuntimeFlags.disableRuntimeMetrics
).pipe(Layer.provideMerge(Environment))

const Observation = PrometheusMetrics.pipe(Layer.provideMerge(MetricsRegistry.Live))

const Cryptography = Layer.mergeAll(AesCardVault, HmacDigests).pipe(Layer.provideMerge(EmbeddedKeys))

const GatewayRepositories = Layer.mergeAll(SqlAccountRepository, SqlSubmissionRepository)
const gatewayFile = sqliteDatabase("gateway", { synchronous: "FULL" })
const processorFile = sqliteDatabase("processor", { synchronous: "FULL" })
const logFile = sqliteDatabase("log", { synchronous: "NORMAL" })

const GatewayDatabase = GatewayRepositories.pipe(Layer.provide(migrated(gatewaySchema)), Layer.provide(gatewayFile))
const ProcessorDatabase = SqlTransactionRepository.pipe(
  Layer.provide(migrated(processorSchema)),
  Layer.provide(processorFile)
)
const EmbeddedLog = SqliteLog.pipe(Layer.provide(logFile))

const UseCases = Layer.mergeAll(
  SubmitTransaction.Default,
  AwaitDecision.Default,
  Authenticate.Default,
  CreateAccount.Default,
  Audit.Default,
  ProcessTransactions.Default,
  RecordDecisions.Default,
  ResendOverdue.Default
)

/** Every role in one process. */
const Gateway = Welcome.pipe(
  Layer.provide(Layer.mergeAll(HttpIntake, Management, DemoAccount.Live)),
  Layer.merge(Layer.mergeAll(Processor, Recorder, LogRetention)),
  Layer.provide(UseCases),
  Layer.provide(Layer.mergeAll(GatewayDatabase, ProcessorDatabase, EmbeddedLog, JsonPresenter)),
  Layer.provide(Cryptography),
  Layer.provide(Layer.mergeAll(LockedDataDir, SystemRandomness, Observation)),
  Layer.provide(EmbeddedProfile),
  Layer.provide(Settings)
)

const Migrate = Layer.mergeAll(GatewayDatabase, ProcessorDatabase, EmbeddedKeys).pipe(
  Layer.provide(Layer.mergeAll(LockedDataDir, SystemRandomness, Observation)),
  Layer.provide(EmbeddedProfile),
  Layer.provide(Settings)
)

const Databases = Layer.mergeAll(
  GatewayRepositories.pipe(
    Layer.provide(alreadyMigrated(gatewaySchema)),
    Layer.provide(readOnlySqliteDatabase("gateway"))
  ),
  SqlTransactionRepository.pipe(
    Layer.provide(alreadyMigrated(processorSchema)),
    Layer.provide(readOnlySqliteDatabase("processor"))
  )
)

const Auditor = Layer.mergeAll(Audit.Default, CompareDecisions.Default).pipe(
  Layer.provide(Databases),
  Layer.provide(Layer.mergeAll(SharedDataDir, Observation)),
  Layer.provide(EmbeddedProfile),
  Layer.provide(Settings)
)

runRole({
  all: launch(Gateway),
  intake: needsServers("intake"),
  processor: needsServers("processor"),
  recorder: needsServers("recorder"),
  migrate: Effect.scoped(Layer.build(Migrate)),
  audit: Effect.provide(printAudit, Auditor)
})
