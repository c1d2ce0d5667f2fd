import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "@effect/platform"
import { Schema } from "effect"
import { SecretScope } from "../../domain/Secret.ts"
import { AccountWithSecrets, CreatedSecret } from "./AccountResource.ts"
import {
  Access,
  answered,
  anyRequest,
  Authentication,
  badRequest,
  idOf,
  limited,
  missing,
  strict,
  unavailable,
  withBody
} from "./Endpoint.ts"
import { problemsOf } from "./Problem.ts"

export const SecretRequest = Schema.Struct({
  scope: Schema.optional(SecretScope.annotations({
    description: "full or read_only",
    jsonSchema: {
      type: "string",
      enum: SecretScope.literals,
      default: "full",
      description: "What it may do: everything, or read."
    }
  })),
  expire_current_in: Schema.optional(
    Schema.Int.pipe(Schema.between(0, 2_592_000)).annotations({
      description: "an integer from 0 to 2592000: seconds that the present full secret lives on, 86400 by default",
      jsonSchema: {
        type: "integer",
        minimum: 0,
        maximum: 2_592_000,
        default: 86_400,
        description: "Seconds that the present full secret lives on beside a new full one."
      }
    })
  )
}).annotations({ identifier: "SecretRequest", description: "an object", ...strict })

export const readAccount = HttpApiEndpoint.get("readAccount", "/v1/account")
  .addSuccess(AccountWithSecrets)
  .addError(badRequest)
  .addError(problemsOf("forbidden"))
  .addError(anyRequest)
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "account")
  .annotate(OpenApi.Summary, "Read the account and its live secrets")
  .annotate(
    OpenApi.Description,
    "The secrets themselves are never told again."
  )

export const createSecret = HttpApiEndpoint.post("createSecret", "/v1/account/secrets")
  .setPayload(SecretRequest)
  .addSuccess(answered(201, "CreatedSecret", CreatedSecret))
  .addError(withBody.badBody)
  .addError(problemsOf("forbidden"))
  .addError(anyRequest)
  .addError(problemsOf("too_many_secrets"))
  .addError(withBody.tooLarge)
  .addError(withBody.mediaType)
  .addError(problemsOf("invalid_request"))
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "account")
  .annotate(OpenApi.Summary, "Make another secret; a full one lets the present one expire")
  .annotate(
    OpenApi.Description,
    "For rotation: an account has two live full secrets at most, and five read-only ones. The secret is in this answer " +
      "and never told again."
  )

export const deleteSecret = HttpApiEndpoint.del("deleteSecret", "/v1/account/secrets/:id")
  .setPath(idOf("SecretId", "The id of a secret of this account"))
  .addSuccess(HttpApiSchema.NoContent)
  .addError(badRequest)
  .addError(problemsOf("forbidden"))
  .addError(missing)
  .addError(anyRequest)
  .addError(problemsOf("last_secret"))
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "account")
  .annotate(OpenApi.Summary, "Revoke a secret")
  .annotate(
    OpenApi.Description,
    "It is refused everywhere within five seconds, and its sessions with it."
  )

export const account = HttpApiGroup.make("account")
  .add(readAccount)
  .add(createSecret)
  .add(deleteSecret)
  .middleware(Authentication)
  .annotate(OpenApi.Description, "The account of the credential, and its secrets")
