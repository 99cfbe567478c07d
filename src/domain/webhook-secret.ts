/*
 * What a user's webhooks are signed with (Standard Webhooks, «Signature scheme»). A secret that was rotated goes on to sign
 * beside the new one for a while, so that receivers can be told the new one without missing anything.
 */

export const OVERLAP_MS = 24 * 60 * 60 * 1000
/** Whoever rotates more often within the overlap ends the oldest ones sooner. */
const MOST_OLDER = 3

export interface OlderSecret {
  readonly secret: string
  /** From when on it signs nothing any more, in RFC 3339. */
  readonly endsAt: string
}

export interface WebhookSecrets {
  readonly secret: string
  /** Newest first. */
  readonly older: readonly OlderSecret[]
}

export function rotated({ secret, older }: WebhookSecrets, fresh: string, now: Date): WebhookSecrets {
  const endsAt = new Date(now.getTime() + OVERLAP_MS).toISOString()
  return { secret: fresh, older: [{ secret, endsAt }, ...stillHolding(older, now)].slice(0, MOST_OLDER) }
}

/** What to sign with now, newest first. */
export function signingSecrets({ secret, older }: WebhookSecrets, now: Date): readonly string[] {
  return [secret, ...stillHolding(older, now).map((each) => each.secret)]
}

function stillHolding(older: readonly OlderSecret[], now: Date): readonly OlderSecret[] {
  return older.filter(({ endsAt }) => endsAt > now.toISOString())
}
