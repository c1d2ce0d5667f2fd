import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "@effect/platform"
import { Schema } from "effect"
import { SecretScope } from "../../domain/Secret.ts"
import { AccountWithSecrets, CreatedSecret } from "./AccountResource.ts"
import {
  Access,
  anyRequest,
  Authentication,
  badRequest,
  limited,
  missing,
  strict,
  unavailable,
  withBody
} from "./Endpoint.ts"
import { problemsOf } from "./Problem.ts"

export const SecretRequest = Schema.Struct({
  scope: Schema.optional(SecretScope.annotations({ description: "full or read_only" })),
  expire_current_in: Schema.optional(
    Schema.Int.pipe(Schema.between(0, 2_592_000)).annotations({
      description: "an integer from 0 to 2592000: seconds that the present full secret lives on, 86400 by default"
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

export const createSecret = HttpApiEndpoint.post("createSecret", "/v1/account/secrets")
  .setPayload(SecretRequest)
  .addSuccess(CreatedSecret, { status: 201 })
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

export const deleteSecret = HttpApiEndpoint.del("deleteSecret", "/v1/account/secrets/:id")
  .setPath(Schema.Struct({ id: Schema.String }))
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

export const account = HttpApiGroup.make("account")
  .add(readAccount)
  .add(createSecret)
  .add(deleteSecret)
  .middleware(Authentication)
