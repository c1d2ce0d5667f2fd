import { common } from "./common.ts"
import { shell } from "./shell.ts"
import { signIn } from "./signIn.ts"

export const en = { common, shell, signIn }
