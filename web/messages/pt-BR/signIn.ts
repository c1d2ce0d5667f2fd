import type { Translation } from "../Messages.ts"

export const signIn: Translation["signIn"] = {
  title: "Entrar",
  lead: "Com uma conta e seu segredo, ou como operador.",
  account: "Conta",
  accountHint: "acct_… ou operator. Cole conta:segredo, e os dois campos são preenchidos.",
  secret: "Segredo",
  submit: "Entrar",
  submitting: "Entrando",
  ended: "A sessão terminou. Entre de novo para continuar.",
  wrong: "A conta e o segredo não combinam.",
  throttled: "Tentativas demais. Tente de novo em {seconds, plural, one {# segundo} other {# segundos}}.",
  required: "Preencha os dois campos.",
  where: "Onde encontro isso?",
  whereAccount: "npm start mostra a conta de demonstração como conta:segredo.",
  whereOperator: "O segredo do operador é operatorSecret em data/keys.json, ou OPERATOR_SECRET.",
  promise: "O segredo é enviado uma vez e não fica guardado nesta página."
}
