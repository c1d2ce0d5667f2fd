import { Effect, Layer } from "effect"
import { Audit } from "../../services/Audit.ts"
import { CompareDecisions } from "../../services/CompareDecisions.ts"
import { AesCardVault } from "../AesCardVault.ts"
import { AesSessionSeal } from "../AesSessionSeal.ts"
import { DemoAccount } from "../DemoAccount.ts"
import { Foundation } from "../Foundation.ts"
import { HmacDigests } from "../HmacDigests.ts"
import { HttpIntake } from "../http/HttpIntake.ts"
import { Management } from "../http/Management.ts"
import { JsonPresenter } from "../JsonPresenter.ts"
import { EmbeddedKeys } from "../Keys.ts"
import { launch } from "../Launch.ts"
import { LogRetention } from "../LogRetention.ts"
import { printAudit } from "../PrintAudit.ts"
import { Processor } from "../Processor.ts"
import { EmbeddedProfile } from "../ProfileLayers.ts"
import { Recorder } from "../Recorder.ts"
import { SimulatedLog } from "../SimulatedLog.ts"
import { gatewaySchema } from "../sql/GatewaySchema.ts"
import { alreadyMigrated, migrated } from "../sql/Migrations.ts"
import { processorSchema } from "../sql/ProcessorSchema.ts"
import { SqlAccountRepository } from "../sql/SqlAccountRepository.ts"
import { SqlSubmissionRepository } from "../sql/SqlSubmissionRepository.ts"
import { SqlTransactionRepository } from "../sql/SqlTransactionRepository.ts"
import { LockedDataDir, SharedDataDir } from "../sqlite/DataDir.ts"
import { ReferenceIndexing } from "../sqlite/ReferenceIndexing.ts"
import { readOnlySqliteDatabase, sqliteDatabase } from "../sqlite/SqliteDatabase.ts"
import { SqliteLog } from "../sqlite/SqliteLog.ts"
import { IntakeUseCases, ProcessorUseCases, RecorderUseCases } from "../UseCases.ts"
import { Welcome } from "../Welcome.ts"

const Cryptography = Layer.mergeAll(AesCardVault, AesSessionSeal, HmacDigests).pipe(Layer.provideMerge(EmbeddedKeys))

const GatewayRepositories = Layer.mergeAll(SqlAccountRepository, SqlSubmissionRepository)

const GatewayDatabase = GatewayRepositories.pipe(
  Layer.merge(ReferenceIndexing),
  Layer.provide(migrated(gatewaySchema)),
  Layer.provide(sqliteDatabase("gateway", { synchronous: "FULL" }))
)
const ProcessorDatabase = SqlTransactionRepository.pipe(
  Layer.provide(migrated(processorSchema)),
  Layer.provide(sqliteDatabase("processor", { synchronous: "FULL" }))
)
const EmbeddedLog = SimulatedLog.pipe(
  Layer.provide(SqliteLog),
  Layer.provide(sqliteDatabase("log", { synchronous: "NORMAL" }))
)

/** Every role in one process. */
const Gateway = Welcome.pipe(
  Layer.provide(Layer.mergeAll(HttpIntake, DemoAccount.Live)),
  Layer.merge(Layer.mergeAll(Processor, Recorder, LogRetention)),
  Layer.provide(Layer.mergeAll(IntakeUseCases, ProcessorUseCases, RecorderUseCases)),
  Layer.provide(Layer.mergeAll(GatewayDatabase, ProcessorDatabase, EmbeddedLog, JsonPresenter)),
  Layer.provide(Cryptography),
  Layer.provide(Management),
  Layer.provide(LockedDataDir),
  Layer.provide(EmbeddedProfile),
  Layer.provide(Foundation)
)

const Migrate = Layer.mergeAll(GatewayDatabase, ProcessorDatabase, EmbeddedKeys).pipe(
  Layer.provide(LockedDataDir),
  Layer.provide(Foundation)
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
  Layer.provide(SharedDataDir),
  Layer.provide(Foundation)
)

/** The roles of the embedded profile. */
export const programs = {
  all: launch(Gateway),
  migrate: Effect.scoped(Layer.build(Migrate)),
  audit: Effect.provide(printAudit, Auditor)
}
