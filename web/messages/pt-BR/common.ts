import type { Translation } from "../Messages.ts"

export const common: Translation["common"] = {
  product: "Gateway de pagamentos",
  close: "Fechar",
  cancel: "Cancelar",
  copy: "Copiar",
  copied: "Copiado",
  retry: "Tentar de novo",
  loading: "Carregando",
  none: "nenhum",
  milliseconds: "{value} ms",
  status: {
    processing: "Processando",
    approved: "Aprovada",
    rejected: "Rejeitada"
  },
  brand: {
    visa: "Visa",
    mastercard: "Mastercard",
    amex: "American Express",
    diners: "Diners Club",
    discover: "Discover",
    jcb: "JCB",
    elo: "Elo",
    hipercard: "Hipercard",
    unknown: "Bandeira desconhecida"
  },
  reason: {
    invalid_number: { short: "Número inválido", sentence: "O número do cartão não é válido." },
    card_brand_not_supported: { short: "Bandeira não aceita", sentence: "Cartões desta bandeira não são aceitos." },
    invalid_expiry_month: { short: "Mês de validade inválido", sentence: "O mês de validade deve estar entre 1 e 12." },
    invalid_expiry_year: { short: "Ano de validade inválido", sentence: "O ano de validade não é válido." },
    expired_card: { short: "Cartão vencido", sentence: "O cartão está vencido." },
    invalid_cvv: {
      short: "Código de segurança inválido",
      sentence: "O código de segurança não corresponde à bandeira do cartão."
    },
    amount_too_small: { short: "Valor abaixo do mínimo", sentence: "O valor está abaixo do mínimo de US$ 1,00." },
    amount_too_large: { short: "Valor acima do máximo", sentence: "O valor está acima do máximo de US$ 1.000,00." },
    card_unreadable: {
      short: "Cartão ilegível",
      sentence: "Os dados do cartão não puderam ser lidos, e um operador desistiu da transação."
    }
  },
  failure: {
    unreachable: "O gateway não responde.",
    unreachableHint: "Talvez esteja reiniciando. O que você vê pode estar desatualizado.",
    problem: "O gateway respondeu: {detail}",
    requestId: "Requisição {id}"
  }
}
