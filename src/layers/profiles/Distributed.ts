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
import { KafkaLog } from "../kafka/KafkaLog.ts"
import { EnvironmentCardKeys, EnvironmentSecrets } from "../Keys.ts"
import { launch } from "../Launch.ts"
import { mysqlDatabase } from "../mysql/MysqlDatabase.ts"
import { printAudit } from "../PrintAudit.ts"
import { Processor } from "../Processor.ts"
import { DistributedProfile } from "../ProfileLayers.ts"
import { Recorder } from "../Recorder.ts"
import { gatewaySchema } from "../sql/GatewaySchema.ts"
import { alreadyMigrated, migrated } from "../sql/Migrations.ts"
import { processorSchema } from "../sql/ProcessorSchema.ts"
import { SqlAccountRepository } from "../sql/SqlAccountRepository.ts"
import { SqlSubmissionRepository } from "../sql/SqlSubmissionRepository.ts"
import { SqlTransactionRepository } from "../sql/SqlTransactionRepository.ts"
import { IntakeUseCases, ProcessorUseCases, RecorderUseCases } from "../UseCases.ts"
import { Welcome } from "../Welcome.ts"

const gatewayServer = mysqlDatabase("gateway")
const processorServer = mysqlDatabase("processor")

const GatewayMigrated = migrated(gatewaySchema).pipe(Layer.provide(gatewayServer))
const ProcessorMigrated = migrated(processorSchema).pipe(Layer.provide(processorServer))

const GatewayDatabase = Layer.mergeAll(SqlAccountRepository, SqlSubmissionRepository).pipe(
  Layer.provide(alreadyMigrated(gatewaySchema)),
  Layer.provide(gatewayServer)
)
const ProcessorDatabase = SqlTransactionRepository.pipe(
  Layer.provide(alreadyMigrated(processorSchema)),
  Layer.provide(processorServer)
)

const CardVault = AesCardVault.pipe(Layer.provide(EnvironmentCardKeys))
const Digests = Layer.mergeAll(HmacDigests, AesSessionSeal).pipe(Layer.provideMerge(EnvironmentSecrets))
const Between = Layer.mergeAll(KafkaLog, JsonPresenter)

const Intake = Welcome.pipe(
  Layer.provide(Layer.mergeAll(HttpIntake, DemoAccount.None)),
  Layer.provide(IntakeUseCases),
  Layer.provide(Layer.mergeAll(GatewayDatabase, Between, CardVault, Digests, DistributedProfile)),
  Layer.provide(Management),
  Layer.provide(Foundation)
)

const ProcessorRole = Processor.pipe(
  Layer.provide(ProcessorUseCases),
  Layer.provide(Layer.mergeAll(ProcessorDatabase, Between, CardVault)),
  Layer.provide(Management),
  Layer.provide(Foundation)
)

const RecorderRole = Recorder.pipe(
  Layer.provide(RecorderUseCases),
  Layer.provide(Layer.mergeAll(GatewayDatabase, Between)),
  Layer.provide(Management),
  Layer.provide(Foundation)
)

const Migrated = Layer.mergeAll(GatewayMigrated, ProcessorMigrated)

/** Every role in one process, which also brings its databases up to date. */
const Gateway = Welcome.pipe(
  Layer.provide(Layer.mergeAll(HttpIntake, DemoAccount.None)),
  Layer.merge(Layer.mergeAll(Processor, Recorder)),
  Layer.provide(Layer.mergeAll(IntakeUseCases, ProcessorUseCases, RecorderUseCases)),
  Layer.provide(Layer.mergeAll(GatewayDatabase, ProcessorDatabase, Between, CardVault, Digests, DistributedProfile)),
  Layer.provide(Migrated),
  Layer.provide(Management),
  Layer.provide(Foundation)
)

const Auditor = Layer.mergeAll(Audit.Default, CompareDecisions.Default).pipe(
  Layer.provide(Layer.mergeAll(GatewayDatabase, ProcessorDatabase)),
  Layer.provide(Foundation)
)

/** The roles of the distributed profile: each asks for its own servers and keys, and for nothing else. */
export const programs = {
  all: launch(Gateway),
  intake: launch(Intake),
  processor: launch(ProcessorRole),
  recorder: launch(RecorderRole),
  migrate: Effect.scoped(Layer.build(Migrated.pipe(Layer.provide(Foundation)))),
  audit: Effect.provide(printAudit, Auditor)
}
