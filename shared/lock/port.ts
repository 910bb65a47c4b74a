/**
 * Keeps two actors off one node's interface while the cloud works. Best effort by nature: the ledger's fence is what
 * refuses a late actor.
 */
export interface Lock {
  /**
   * Runs `work` while holding the lock on `resource`, extended for as long as it runs. `signal` aborts when the lock was
   * lost; the call then rejects with EgressError LOCK_LOST. Rejects with LOCK_LOST too when another holds the lock.
   */
  using<T>(resource: string, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}
