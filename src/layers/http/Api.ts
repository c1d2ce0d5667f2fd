import { HttpApi, OpenApi } from "@effect/platform"
import { account } from "./AccountApi.ts"
import { completeOpenApi } from "./OpenApiAnswers.ts"
import { operator } from "./OperatorApi.ts"
import { problemsOf } from "./Problem.ts"
import { session } from "./SessionApi.ts"
import { transactions } from "./TransactionApi.ts"

/** The contract: the server, OpenAPI, the documentation page and the typed client are made from this one. */
export class GatewayApi extends HttpApi.make("gateway")
  .add(transactions)
  .add(account)
  .add(session)
  .add(operator)
  .addError(problemsOf("internal_error"))
  .annotate(OpenApi.Title, "Payment gateway")
  .annotate(OpenApi.Version, "1")
  .annotate(OpenApi.Transform, completeOpenApi)
{}
