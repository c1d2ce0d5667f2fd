/** As package.json has it, which a test compares. */
export const version = "0.1.0"
