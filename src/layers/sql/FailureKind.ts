/**
 * What an error of a statement means to who ran it.
 * - `duplicate`: the statement, or another process, has been here before. Never an error of the data.
 * - `data`: the database refuses a row for what it says.
 * - `contention`: it was given up so that another one could go on.
 * - `unknown`: it was carried out, or it was not.
 */
export type FailureKind = "duplicate" | "data" | "contention" | "unknown"
