import { Layer } from "effect"
import { AesCardVault } from "../../../src/layers/AesCardVault.ts"
import { AesSessionSeal } from "../../../src/layers/AesSessionSeal.ts"
import { DemoAccount } from "../../../src/layers/DemoAccount.ts"
import { Foundation } from "../../../src/layers/Foundation.ts"
import { HmacDigests } from "../../../src/layers/HmacDigests.ts"
import { HttpIntake } from "../../../src/layers/http/HttpIntake.ts"
import { Management } from "../../../src/layers/http/Management.ts"
import { JsonPresenter } from "../../../src/layers/JsonPresenter.ts"
import { EmbeddedKeys } from "../../../src/layers/Keys.ts"
import { launch, runRole } from "../../../src/layers/Launch.ts"
import { Processor } from "../../../src/layers/Processor.ts"
import { EmbeddedProfile } from "../../../src/layers/ProfileLayers.ts"
import { Recorder } from "../../../src/layers/Recorder.ts"
import { gatewaySchema } from "../../../src/layers/sql/GatewaySchema.ts"
import { migrated } from "../../../src/layers/sql/Migrations.ts"
import { processorSchema } from "../../../src/layers/sql/ProcessorSchema.ts"
import { SqlAccountRepository } from "../../../src/layers/sql/SqlAccountRepository.ts"
import { SqlSubmissionRepository } from "../../../src/layers/sql/SqlSubmissionRepository.ts"
import { SqlTransactionRepository } from "../../../src/layers/sql/SqlTransactionRepository.ts"
import { LockedDataDir } from "../../../src/layers/sqlite/DataDir.ts"
import { sqliteDatabase } from "../../../src/layers/sqlite/SqliteDatabase.ts"
import { SqliteLog } from "../../../src/layers/sqlite/SqliteLog.ts"
import { IntakeUseCases, ProcessorUseCases } from "../../../src/layers/UseCases.ts"
import { Welcome } from "../../../src/layers/Welcome.ts"
import { MeasurePipeline } from "../../../src/services/MeasurePipeline.ts"
import { RecordDecisions } from "../../../src/services/RecordDecisions.ts"
import { ResendOverdue } from "../../../src/services/ResendOverdue.ts"

const gatewayFile = sqliteDatabase("gateway", { synchronous: "FULL" })
const processorFile = sqliteDatabase("processor", { synchronous: "FULL" })
const logFile = sqliteDatabase("log", { synchronous: "NORMAL" })

const gatewayDatabase = migrated(gatewaySchema).pipe(Layer.provideMerge(gatewayFile))

const accounts = SqlAccountRepository.pipe(Layer.provide(gatewayDatabase))
const submissions = SqlSubmissionRepository.pipe(Layer.provide(gatewayDatabase))
const transactions = SqlTransactionRepository.pipe(
  Layer.provideMerge(migrated(processorSchema)),
  Layer.provideMerge(processorFile)
)
const log = SqliteLog.pipe(Layer.provideMerge(logFile))
const resend = ResendOverdue.Default

/** The parts that a control replaces; the log and the transactions come with the file they use. */
export const real = { submissions, transactions, log, resend } as const

type As<Part extends Layer.Layer.Any> = Layer.Layer<
  Layer.Layer.Success<Part>,
  Layer.Layer.Error<Part>,
  Layer.Layer.Context<Part>
>

export interface Parts {
  readonly submissions: As<typeof submissions>
  readonly transactions: As<typeof transactions>
  readonly log: As<typeof log>
  readonly resend: As<typeof resend>
}

const Cryptography = Layer.mergeAll(AesCardVault, AesSessionSeal, HmacDigests).pipe(Layer.provideMerge(EmbeddedKeys))

/** As layers/profiles/Embedded.ts composes it, but for the parts. */
const gateway = (parts: Parts) =>
  Welcome.pipe(
    Layer.provide(Layer.mergeAll(HttpIntake, DemoAccount.Live)),
    Layer.merge(Layer.mergeAll(Processor, Recorder)),
    Layer.provide(
      Layer.mergeAll(IntakeUseCases, ProcessorUseCases, RecordDecisions.Default, MeasurePipeline.Default, parts.resend)
    ),
    Layer.provide(Layer.mergeAll(accounts, parts.submissions, parts.transactions, parts.log, JsonPresenter)),
    Layer.provide(Cryptography),
    Layer.provide(Management),
    Layer.provide(LockedDataDir),
    Layer.provide(EmbeddedProfile),
    Layer.provide(Foundation)
  )

/** A gateway with a fault built in. */
export const runControl = (replaced: Partial<Parts>): void => runRole(() => launch(gateway({ ...real, ...replaced })))
