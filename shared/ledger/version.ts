/**
 * The version of the ledger's keys, records and rules: each beat writes it, and a program refuses a ledger of a greater one
 * (LEDGER_VERSION). To be raised by a change that a program of the version before would not keep, not by every new field.
 */
export const ledgerVersion = 1;
