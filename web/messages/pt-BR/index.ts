import type { Translation } from "../Messages.ts"
import { common } from "./common.ts"
import { shell } from "./shell.ts"
import { signIn } from "./signIn.ts"

export const ptBR: Translation = { common, shell, signIn }
