import { HttpApi, OpenApi } from "@effect/platform"
import { account } from "./AccountApi.ts"
import { completeOpenApi } from "./OpenApiDocument.ts"
import { operator } from "./OperatorApi.ts"
import { problemsOf } from "./Problem.ts"
import { session } from "./SessionApi.ts"
import { transactions } from "./TransactionApi.ts"

const description = [
  "Card payments: what is accepted is on disk before it is answered, and is decided once.",
  "Amounts are integers in cents, times are RFC 3339. Texts have no NUL and no lone surrogate. " +
  "Unknown members of a body and unknown parameters of a query are refused.",
  "Whatever is wrong is told as application/problem+json (RFC 9457) with a `code` for programs. " +
  "Every answer has a Request-Id.",
  "HEAD is answered as GET is, without a body; any other method that a path does not list here is answered 405, with Allow."
].join("\n\n")

const groups = [transactions, account, session, operator]

/** The contract: the server, OpenAPI, the documentation page and the typed client are made from this one. */
export class GatewayApi extends HttpApi.make("gateway")
  .add(transactions)
  .add(account)
  .add(session)
  .add(operator)
  .addError(problemsOf("internal_error"))
  .annotate(OpenApi.Title, "Payment gateway")
  .annotate(OpenApi.Version, "1")
  .annotate(OpenApi.Description, description)
  .annotate(OpenApi.License, { name: "MIT", url: "https://spdx.org/licenses/MIT.html" })
  .annotate(OpenApi.Servers, [{ url: "/" }])
  .annotate(OpenApi.Transform, completeOpenApi(groups.flatMap((_) => Object.values(_.endpoints))))
{}
