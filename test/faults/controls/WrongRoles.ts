import { Effect, Layer } from "effect"
import { AesCardVault } from "../../../src/layers/AesCardVault.ts"
import { AesSessionSeal } from "../../../src/layers/AesSessionSeal.ts"
import { DemoAccount } from "../../../src/layers/DemoAccount.ts"
import { Foundation } from "../../../src/layers/Foundation.ts"
import { HmacDigests } from "../../../src/layers/HmacDigests.ts"
import { HttpIntake } from "../../../src/layers/http/HttpIntake.ts"
import { Management } from "../../../src/layers/http/Management.ts"
import { JsonPresenter } from "../../../src/layers/JsonPresenter.ts"
import { KafkaLog } from "../../../src/layers/kafka/KafkaLog.ts"
import { EnvironmentCardKeys, EnvironmentSecrets } from "../../../src/layers/Keys.ts"
import { launch, runRole } from "../../../src/layers/Launch.ts"
import { mysqlDatabase } from "../../../src/layers/mysql/MysqlDatabase.ts"
import { Processor } from "../../../src/layers/Processor.ts"
import { DistributedProfile } from "../../../src/layers/ProfileLayers.ts"
import { Recorder } from "../../../src/layers/Recorder.ts"
import { gatewaySchema } from "../../../src/layers/sql/GatewaySchema.ts"
import { alreadyMigrated } from "../../../src/layers/sql/Migrations.ts"
import { SqlAccountRepository } from "../../../src/layers/sql/SqlAccountRepository.ts"
import { SqlSubmissionRepository } from "../../../src/layers/sql/SqlSubmissionRepository.ts"
import { SqlTransactionRepository } from "../../../src/layers/sql/SqlTransactionRepository.ts"
import { IntakeUseCases } from "../../../src/layers/UseCases.ts"
import { Welcome } from "../../../src/layers/Welcome.ts"
import { MeasurePipeline } from "../../../src/services/MeasurePipeline.ts"
import { ProcessTransactions } from "../../../src/services/ProcessTransactions.ts"
import { RecordDecisions } from "../../../src/services/RecordDecisions.ts"
import { ResendOverdue } from "../../../src/services/ResendOverdue.ts"

const gatewayServer = mysqlDatabase("gateway")

const gatewaySubmissions = SqlSubmissionRepository.pipe(Layer.provide(gatewayServer))
// without the look at the schema at the start: a control may have changed it
const transactions = SqlTransactionRepository.pipe(Layer.provideMerge(mysqlDatabase("processor")))
const resend = ResendOverdue.Default

/** The parts that a control replaces; the transactions come with the database that they use. */
export const real = {
  submissions: gatewaySubmissions,
  transactions,
  log: KafkaLog,
  presenter: JsonPresenter,
  resend,
  foundation: Foundation
} as const

type As<Part extends Layer.Layer.Any> = Layer.Layer<
  Layer.Layer.Success<Part>,
  Layer.Layer.Error<Part>,
  Layer.Layer.Context<Part>
>

export interface Parts {
  readonly submissions: As<typeof gatewaySubmissions>
  readonly transactions: As<typeof transactions>
  readonly log: As<typeof KafkaLog>
  readonly presenter: As<typeof JsonPresenter>
  readonly resend: As<typeof resend>
  readonly foundation: As<typeof Foundation>
}

const vault = AesCardVault.pipe(Layer.provide(EnvironmentCardKeys))
const digests = Layer.mergeAll(HmacDigests, AesSessionSeal).pipe(Layer.provideMerge(EnvironmentSecrets))
const migrated = alreadyMigrated(gatewaySchema).pipe(Layer.provide(gatewayServer))
const accounts = SqlAccountRepository.pipe(Layer.provide(gatewayServer))

/** As src/layers/profiles/Distributed.ts composes them, but for the parts. */
const programs = ({ foundation, log, presenter, resend, submissions, transactions }: Parts) => ({
  intake: launch(
    Welcome.pipe(
      Layer.provide(Layer.mergeAll(HttpIntake, DemoAccount.None)),
      Layer.provide(IntakeUseCases),
      Layer.provide(Layer.mergeAll(accounts, submissions, log, presenter, vault, digests, DistributedProfile)),
      Layer.provide(migrated),
      Layer.provide(Management),
      Layer.provide(foundation)
    )
  ),
  processor: launch(
    Processor.pipe(
      Layer.provide(ProcessTransactions.Default),
      Layer.provide(Layer.mergeAll(transactions, log, presenter, vault)),
      Layer.provide(Management),
      Layer.provide(foundation)
    )
  ),
  recorder: launch(
    Recorder.pipe(
      Layer.provide(Layer.mergeAll(RecordDecisions.Default, MeasurePipeline.Default, resend)),
      Layer.provide(Layer.mergeAll(submissions, log, presenter)),
      Layer.provide(migrated),
      Layer.provide(Management),
      Layer.provide(foundation)
    )
  )
})

/** The role that the command line names, with a fault built in. */
export const runWrongRole = (replaced: Partial<Parts>): void => {
  const all = programs({ ...real, ...replaced })
  runRole((name) =>
    name === "intake" || name === "processor" || name === "recorder"
      ? all[name]
      : Effect.dieMessage(`no control plays the role ${name}`)
  )
}
