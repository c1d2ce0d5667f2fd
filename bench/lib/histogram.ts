/** Log-linear buckets: 128 per doubling, so that a quantile is off by less than 1 %. Values are milliseconds. */
const perDoubling = 128
const smallest = 0.001
const doublings = 36

export interface Quantiles {
  readonly p50: number
  readonly p90: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

export class Histogram {
  readonly #counts = new Float64Array(perDoubling * doublings)
  #max = 0
  count = 0

  record(milliseconds: number) {
    const index = Math.floor(Math.log2(Math.max(milliseconds, smallest) / smallest) * perDoubling)
    this.#counts[Math.min(index, this.#counts.length - 1)]! += 1
    this.count += 1
    if (milliseconds > this.#max) this.#max = milliseconds
  }

  quantile(q: number): number {
    const rank = Math.ceil(this.count * q)
    let seen = 0
    for (let index = 0; index < this.#counts.length; index++) {
      seen += this.#counts[index]!
      if (seen >= rank && seen > 0) return Math.min(smallest * 2 ** ((index + 1) / perDoubling), this.#max)
    }
    return 0
  }

  quantiles(): Quantiles {
    return {
      p50: this.quantile(0.5),
      p90: this.quantile(0.9),
      p95: this.quantile(0.95),
      p99: this.quantile(0.99),
      max: this.#max
    }
  }

  clear() {
    this.#counts.fill(0)
    this.#max = 0
    this.count = 0
  }
}
