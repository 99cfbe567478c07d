import { ensureWebhookSecrets, readWebhookSecrets, rotateWebhookSigningSecret } from '../commands/webhook-secret.ts'
import type { Viewer } from '../auth/viewer.ts'
import { type Context, viewerOf } from './context.ts'
import { mutate } from './mutate.ts'

/** What the user's webhooks are signed with from now on; made now where nobody has asked or needed it before. */
export async function webhookSigningSecret({ reads, services }: Context): Promise<string> {
  const { userId } = reads
  const { db } = await reads.open()
  const known = (await readWebhookSecrets(db, [userId])).get(userId)
  const secrets =
    known ?? (await services.database.asUserBeside(userId, (tx) => ensureWebhookSecrets(tx, [userId]))).get(userId)
  if (secrets === undefined) throw new Error('A secret that was made is not there.')
  return secrets.secret
}

export async function rotateSecret(context: Context): Promise<Viewer> {
  const viewer = viewerOf(context)
  await mutate(context, rotateWebhookSigningSecret, {})
  return viewer
}
